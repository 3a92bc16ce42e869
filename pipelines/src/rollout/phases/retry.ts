import { because, rollBack } from '../endings.ts';
import { formatDuration } from '../figures.ts';
import { change, say, stay, wake, type Move } from '../move.ts';
import type { Failed } from '../reading.ts';
import type { Rollout, RolloutAction } from '../rollout-state.ts';
import { backoffMs, deadlineOf } from '../timing.ts';

/** What can pass is tried again until the phase's deadline; the rest is rolled back. */
export function retryOrRollBack(rollout: Rollout, failed: Failed, what: RolloutAction, at: number): Move {
  const problem = describe(failed, what);
  return failed.retryable ? retry(rollout, what, problem, at) : rollBack(rollout, because(problem), at);
}

export function retry(rollout: Rollout, what: RolloutAction, problem: string, at: number): Move {
  const failures = rollout.failures + 1;
  const delayMs = backoffMs(failures);
  const dueAt = Math.min(at + delayMs, deadlineOf(rollout) ?? Infinity);
  const line = `${problem}; trying again in ${formatDuration(delayMs)}`;
  const waiting = wake(say(stay(rollout), line), Math.max(dueAt, at));
  return change(waiting, { failures, lastProblem: problem, retrying: what });
}

/** `set-weight failed (target-unreachable): connection refused` */
export const describe = (failed: Failed, what: RolloutAction): string =>
  `${what.kind} failed (${failed.reason}): ${failed.message}`;
