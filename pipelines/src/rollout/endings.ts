// The ways out of a rollout.
import type { FailureClass } from '../language/definition.ts';
import { act, change, command, decideTo, enter, finish, say, stay, type Move } from './move.ts';
import { askHooks } from './hooks.ts';
import type { Ending, Rollout, RolloutAction, Verdict } from './rollout-state.ts';
import { deadlineOf, settleMs } from './timing.ts';
import { nothingChosen } from './traffic.ts';

interface RollBackCause {
  readonly reason: string;
  /** `judge` or a person. */
  readonly by: string;
  readonly cancelled: boolean;
  readonly verdict: Verdict | null;
}

/** The engine's own roll-back, without a verdict. */
export const because = (reason: string, verdict: Verdict | null = null): RollBackCause => ({
  reason,
  by: 'judge',
  cancelled: false,
  verdict,
});

/**
 * Traffic goes back in the pass that decided it. Only a change of the target that is under way is let finish first
 * (for at most `settleMs`), so that it cannot overtake the roll-back.
 */
export function rollBack(rollout: Rollout, cause: RollBackCause, at: number): Move {
  const { reason, by, cancelled, verdict } = cause;
  const entered = enter(stay(rollout), { name: 'rolling-back', since: at, reason, cancelled });
  const decided = decideTo(entered, 'roll-back', at, reason, by, verdict);
  const said = say(decided, `rolling back ${rollout.spec.version}: ${reason}`);
  const { pending } = rollout;
  if (pending === null || !changesTarget(pending.what)) return askRollBack(said);
  return command(change(said, { pending }), { kind: 'set-timer', dueAt: at + settleMs });
}

/** The steps were all there was to it: the new version is removed, and the stage has succeeded. */
export function endAsPlanned(rollout: Rollout, at: number): Move {
  const reason = 'every step is done, and afterwards: end';
  const phase = { name: 'rolling-back', since: at, reason, cancelled: false, planned: true } as const;
  const decided = decideTo(enter(stay(rollout), phase), 'end', at, reason, 'judge', rollout.verdict);
  return askRollBack(say(decided, `removing ${rollout.spec.version}: ${reason}`));
}

export function askRollBack(move: Move): Move {
  const { phase } = move.rollout;
  const reason = 'reason' in phase ? phase.reason : 'rolled back';
  const none = { weightPercent: 0, traffic: nothingChosen };
  return act(change(move, none), { kind: 'roll-back', reason });
}

/** Nobody waits for the target any more: what it has, it keeps. */
export function giveUp(
  rollout: Rollout,
  { by, reason, at }: { readonly by: string; readonly reason: string; readonly at: number },
): Move {
  const { phase, spec } = rollout;
  if (phase.name !== 'rollback-blocked') return stay(rollout);
  const message = `${by} gave the roll-back of ${spec.version} up: ${reason}; it was blocked: ${phase.problem}`;
  const decided = decideTo(stay(rollout), 'end', at, reason, by, rollout.verdict);
  const entered = enter(decided, { name: 'stopped', at, reason: message });
  return finish(say(entered, message), cancelledOrFailed(phase.cancelled, message));
}

/** Before anything was changed: there is nothing to roll back. */
export function refuse(rollout: Rollout, reason: string, at: number, failureClass: FailureClass): Move {
  const refused = endRefused(rollout, reason, 'judge', at);
  return finish(refused, {
    result: 'failed',
    failure: { class: failureClass, message: `nothing was deployed: ${reason}`, exitCode: null },
  });
}

/** A person ends it before anything was changed. */
export function abandon(rollout: Rollout, cause: RollBackCause, at: number): Move {
  const reason = `${cause.by}: ${cause.reason}`;
  const refused = endRefused(rollout, reason, cause.by, at);
  return finish(refused, cancelledOrFailed(cause.cancelled, `nothing was deployed: ${reason}`));
}

export function endRolledBack(
  rollout: Rollout,
  phase: { readonly reason: string; readonly cancelled: boolean; readonly planned?: boolean },
  at: number,
): Move {
  const { reason, cancelled, planned = false } = phase;
  return tellAndFinish(rollout, { kind: 'rolled-back', reason, cancelled, planned }, at);
}

export function succeed(rollout: Rollout, line: string, at: number): Move {
  return tellAndFinish(rollout, { kind: 'succeeded', line }, at);
}

/** Users have what they are to have: hooks are told, and whatever they answer, it is over. */
function tellAndFinish(rollout: Rollout, ending: Ending, at: number): Move {
  const told = askHooks(stay(rollout), 'post-rollout', { since: at, ending }, (next) =>
    finishWith(next, ending, at),
  );
  const dueAt = deadlineOf(told.rollout);
  return dueAt === null ? told : command(told, { kind: 'set-timer', dueAt });
}

export function finishWith(rollout: Rollout, ending: Ending, at: number): Move {
  if (ending.kind === 'succeeded') return endSucceeded(rollout, ending.line, at);
  return ending.planned ? endSeen(rollout, ending.reason, at) : endFailed(rollout, ending, at);
}

function endFailed(
  rollout: Rollout,
  phase: { readonly reason: string; readonly cancelled: boolean },
  at: number,
): Move {
  const { replaces, spec } = rollout;
  const now = replaces === null ? 'nothing runs there now' : `${replaces} has all the traffic again`;
  const message = `rolled back ${spec.version}: ${phase.reason}; ${now}`;
  const entered = enter(stay(rollout), { name: 'rolled-back', at, reason: phase.reason });
  return finish(say(entered, message), cancelledOrFailed(phase.cancelled, message));
}

function endSeen(rollout: Rollout, reason: string, at: number): Move {
  const { spec, facts, replaces } = rollout;
  const entered = enter(stay(rollout), { name: 'rolled-back', at, reason, planned: true });
  const said = say(
    entered,
    `${spec.version} has been removed as planned; ${replaces ?? 'nothing'} serves on`,
  );
  const address = facts?.address ?? '';
  return finish(said, {
    result: 'succeeded',
    outputs: { version: spec.version, image: spec.image, address },
  });
}

function endSucceeded(rollout: Rollout, line: string, at: number): Move {
  const { spec, facts } = rollout;
  const entered = say(enter(stay(rollout), { name: 'succeeded', at }), line);
  return finish(entered, {
    result: 'succeeded',
    outputs: { version: spec.version, image: spec.image, address: facts?.address ?? '' },
  });
}

function endRefused(rollout: Rollout, reason: string, by: string, at: number): Move {
  const entered = enter(stay(rollout), { name: 'refused', at, reason });
  return say(decideTo(entered, 'refuse', at, reason, by), `nothing was deployed: ${reason}`);
}

function cancelledOrFailed(cancelled: boolean, message: string) {
  return cancelled
    ? ({ result: 'cancelled', reason: message } as const)
    : ({ result: 'failed', failure: { class: 'failed', message, exitCode: null } } as const);
}

const changesTarget = ({ kind }: RolloutAction): boolean =>
  kind !== 'inspect' && kind !== 'observe' && kind !== 'call-hook';
