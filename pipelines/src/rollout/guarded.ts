// A rollout whose traffic a guard in the cluster gives back when the engine is silent.
import { rollBack } from './endings.ts';
import { formatDuration } from './figures.ts';
import { say, type Move } from './move.ts';
import type { Failed } from './reading.ts';
import type { Rollout } from './rollout-state.ts';

/**
 * The failure of an action that has found the traffic given back, while the old version is whole; its message says why.
 */
export const guardRestored = 'guard-restored';

/** Why it may not begin without a guard; null: it may. */
export function whyUnguarded({ spec, guard }: Rollout): string | null {
  if (spec.work.guard?.isRequired !== true || guard === undefined || guard.problem === null) return null;
  return `the stage asks for a guard (guard: ${formatDuration(spec.work.guard.afterMs)}), and ${guard.problem}`;
}

/** Whether anybody looks after it, for its log. */
export function sayGuard(move: Move): Move {
  const { spec, guard } = move.rollout;
  if (spec.work.guard === undefined || guard === undefined) return move;
  const after = formatDuration(spec.work.guard.afterMs);
  return say(
    move,
    guard.problem === null
      ? `guarded: ${after} without a sign of the engine, and the guard in the cluster gives all traffic back`
      : `not guarded: ${guard.problem}`,
  );
}

/**
 * The weights that the engine knows of are gone, and so is what it would have seen meanwhile: nothing goes on from
 * there. Null: the failure is of another kind, or the traffic is on its way back already.
 */
export function yieldToGuard(rollout: Rollout, failed: Failed, at: number): Move | null {
  const { name } = rollout.phase;
  const isOnItsWay = name === 'rolling-back' || name === 'rollback-blocked';
  if (failed.reason !== guardRestored || isOnItsWay) return null;
  const { verdict } = rollout;
  return rollBack(rollout, { reason: failed.message, by: 'guard', cancelled: false, verdict }, at);
}
