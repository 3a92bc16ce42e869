// What one event does to a rollout: the next state and the commands it causes, built up piece by piece.
import { judgeVersion } from './judge.ts';
import type {
  Decision,
  Rollout,
  RolloutAction,
  RolloutCommand,
  RolloutPhase,
  Verdict,
} from './rollout-state.ts';
import type { StageOutcome } from '../run/run-state.ts';

export interface Move {
  readonly rollout: Rollout;
  readonly commands: readonly RolloutCommand[];
}

/** Nothing happens. */
export const stay = (rollout: Rollout): Move => ({ rollout, commands: [] });

/** Goes on with the state that a move led to. */
export function andThen(move: Move, next: (rollout: Rollout) => Move): Move {
  const { rollout, commands } = next(move.rollout);
  return { rollout, commands: [...move.commands, ...commands] };
}

export const change = (move: Move, changes: Partial<Rollout>): Move => ({
  rollout: { ...move.rollout, ...changes },
  commands: move.commands,
});

export const command = (move: Move, ...commands: readonly RolloutCommand[]): Move => ({
  rollout: move.rollout,
  commands: [...move.commands, ...commands],
});

export const say = (move: Move, line: string): Move => command(move, { kind: 'say', line });

/** Asks for an action; whatever was awaited before is not any more. */
export function act(move: Move, what: RolloutAction): Move {
  const action = move.rollout.lastAction + 1;
  const asked = { lastAction: action, pending: { action, what }, retrying: null, wakeAt: null };
  return command(change(move, asked), { kind: 'act', action, what });
}

/** Waits for a tick at `dueAt` instead of an action. */
export function wake(move: Move, dueAt: number): Move {
  return command(change(move, { pending: null, wakeAt: dueAt }), { kind: 'set-timer', dueAt });
}

/** Enters a phase: nothing of the one before is awaited any more. */
export function enter(move: Move, phase: RolloutPhase): Move {
  return change(move, {
    phase,
    pending: null,
    retrying: null,
    wakeAt: null,
    failures: 0,
    lastProblem: null,
    tries: 0,
  });
}

export function decideTo(
  move: Move,
  kind: Decision['kind'],
  at: number,
  reason: string,
  by = 'judge',
  verdict: Verdict | null = null,
): Move {
  const decision = { at, step: move.rollout.step, kind, by, reason, verdict, judge: judgeVersion };
  return command(move, { kind: 'record-decision', decision });
}

export const finish = (move: Move, outcome: StageOutcome): Move => command(move, { kind: 'finish', outcome });
