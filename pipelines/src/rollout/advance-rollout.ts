// The machine drawn in rollout-state.ts: events in, state and commands out. Pure: the same events always give the
// same state, so a server that dies between two of them loses nothing.
import { unreachable } from '../result.ts';
import { begin } from './begin.ts';
import { advanceFleet } from './fleet/advance-fleet.ts';
import { abandon, giveUp, rollBack } from './endings.ts';
import { holdShift } from './freeze.ts';
import { yieldToGuard } from './guarded.ts';
import { act, say, stay, type Move } from './move.ts';
import { breakGlass, changeFreeze } from './phases/frozen.ts';
import { phaseRules } from './phases/registry.ts';
import { isPastReturn } from './phases/retiring.ts';
import type { PhaseName, PhaseNamed, PhaseRules } from './phases/phase-rules.ts';
import type { AskingHooks, Rollout, RolloutAction, RolloutEvent, RolloutSpec } from './rollout-state.ts';
import { holdBack, promoteEarly, resume, vote } from './people.ts';
import { hearOfAll, isOfAll } from './said-of-all.ts';
import { deadlineOf } from './timing.ts';

/** The state before any event; fold `{ kind: 'started' }` to set it going. */
export function startRollout(spec: RolloutSpec, at: number): Rollout {
  return {
    spec,
    startedAt: at,
    phase: { name: 'planned' },
    step: 0,
    weightPercent: 0,
    facts: null,
    replaces: null,
    lastAction: 0,
    pending: null,
    retrying: null,
    wakeAt: null,
    failures: 0,
    lastProblem: null,
    tries: 0,
    baseline: null,
    latest: null,
    tally: {},
    verdict: null,
    votes: [],
    consecutiveErrors: 0,
  };
}

/**
 * Folds one event. Late, early, repeated and unexpected events change nothing and cause no command. A rollout that
 * is not terminal always waits for an action's result, a timer, or both; `finish` comes exactly once.
 */
export function advanceRollout(rollout: Rollout, event: RolloutEvent): Move {
  if (isTerminal(rollout)) return stay(rollout);
  if (rollout.spec.waves !== undefined) return advanceFleet(rollout, event);
  switch (event.kind) {
    case 'started':
      return rollout.phase.name === 'planned' ? start(rollout, event) : stay(rollout);
    case 'action-finished':
      return finishAction(rollout, event);
    case 'tick':
      return tick(rollout, event.at);
    case 'voted':
      return vote(rollout, event.vote, event.at);
    case 'freeze-changed':
      return changeFreeze(rollout, event);
    case 'glass-broken':
      return breakGlass(rollout, event);
    case 'hold-requested':
      return isOfAll(event) ? hearOfAll(rollout, event) : holdBack(rollout, event);
    case 'promote-requested':
      return isOfAll(event) ? hearOfAll(rollout, event) : promoteEarly(rollout, event);
    case 'resume-requested':
      return isOfAll(event) ? hearOfAll(rollout, event) : resume(rollout, event);
    case 'abort-requested':
      return abort(rollout, event);
    case 'give-up-requested':
      return giveUp(rollout, event);
    case 'cluster-changed':
      return stay(rollout);
    default:
      return unreachable(event);
  }
}

export function isTerminal({ phase }: Pick<Rollout, 'phase'>): boolean {
  return ['succeeded', 'rolled-back', 'refused', 'stopped'].includes(phase.name);
}

function start(rollout: Rollout, { at, freeze }: Extract<RolloutEvent, { kind: 'started' }>): Move {
  return begin(freeze === undefined ? rollout : { ...rollout, freeze }, at);
}

function finishAction(
  rollout: Rollout,
  { action, result, at }: Extract<RolloutEvent, { kind: 'action-finished' }>,
): Move {
  const { pending, phase } = rollout;
  if (pending === null || pending.action !== action) return stay(rollout);
  const idle = { ...rollout, pending: null };
  const isAnswer = result.result === 'answered';
  if (result.result === 'failed' || isAnswer !== (pending.what.kind === 'call-hook')) {
    const failed = result.result === 'failed' ? result : strangeAnswer;
    const yielded = yieldToGuard(idle, failed, at);
    return yielded ?? rulesOf(phase.name).failed(idle, phase, failed, pending.what, at);
  }
  if (result.result === 'answered') {
    const hook = pending.what.kind === 'call-hook' ? pending.what.hook : '';
    return rulesOf(phase.name).answered?.(idle, phase, result, at, hook) ?? stay(idle);
  }
  return rulesOf(phase.name).done(
    { ...idle, failures: 0, lastProblem: null },
    phase,
    result,
    pending.what,
    at,
  );
}

const strangeAnswer = {
  result: 'failed',
  reason: 'strange-answer',
  message: 'the worker answered something else than it was asked',
  retryable: true,
} as const;

function tick(rollout: Rollout, at: number): Move {
  const { phase, pending, wakeAt, retrying } = rollout;
  const deadline = deadlineOf(rollout);
  if (deadline !== null && at >= deadline) return rulesOf(phase.name).overdue(rollout, phase, at);
  if (pending !== null || wakeAt === null || at < wakeAt) return stay(rollout);
  const awake = { ...rollout, wakeAt: null };
  return retrying === null ? rulesOf(phase.name).woken(awake, phase, at) : tryAgain(awake, retrying, at);
}

function tryAgain(rollout: Rollout, what: RolloutAction, at: number): Move {
  const isShift = what.kind === 'set-weight' || what.kind === 'promote';
  return (isShift ? holdShift(stay(rollout), at) : null) ?? act(stay(rollout), what);
}

function abort(rollout: Rollout, event: Extract<RolloutEvent, { kind: 'abort-requested' }>): Move {
  const { by, reason, cancelled, at } = event;
  const cause = { reason, by, cancelled, verdict: rollout.verdict };
  switch (rollout.phase.name) {
    case 'planned':
    case 'inspecting':
      return abandon(rollout, cause, at);
    case 'asking-hooks':
      return abortAsking(rollout, rollout.phase.type, cause, at);
    case 'frozen':
      return rollout.phase.next.kind === 'start'
        ? abandon(rollout, cause, at)
        : rollBack(rollout, { ...cause, reason: `${by}: ${reason}` }, at);
    case 'rolling-back':
    case 'rollback-blocked':
      return stay(rollout);
    default:
      if (!isPastReturn(rollout)) return rollBack(rollout, { ...cause, reason: `${by}: ${reason}` }, at);
      return say(
        stay(rollout),
        `${by} asked to abort, too late: ${rollout.replaces ?? 'what was there before'} is being removed`,
      );
  }
}

function abortAsking(
  rollout: Rollout,
  type: AskingHooks['type'],
  cause: Parameters<typeof rollBack>[1],
  at: number,
): Move {
  if (type === 'confirm-rollout') return abandon(rollout, cause, at);
  if (type === 'post-rollout') return say(stay(rollout), `${cause.by} asked to abort, too late: it is over`);
  return rollBack(rollout, { ...cause, reason: `${cause.by}: ${cause.reason}` }, at);
}

/** The rules for a phase, typed for that phase. */
function rulesOf<Name extends PhaseName>(name: Name): PhaseRules<PhaseNamed<Name>> {
  return phaseRules[name];
}
