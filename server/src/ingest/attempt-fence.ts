import { err, ok, type Result } from '@sluice/pipelines/result';
import type { Attempt } from '../store/attempt-store.ts';

export interface FenceProblem {
  readonly reason: 'unknown-attempt' | 'stale-fence';
  readonly message: string;
}

/** The attempt, where a worker with this fence still holds it. */
export function checkFence(
  attemptId: string,
  attempt: Attempt | undefined,
  fence: number,
): Result<Attempt, FenceProblem> {
  if (attempt === undefined)
    return err({ reason: 'unknown-attempt', message: `there is no attempt ${attemptId}` });
  if (attempt.status === 'held' && attempt.fence === fence) return ok(attempt);
  return err({
    reason: 'stale-fence',
    message: `attempt ${attemptId} is no longer held with fence ${fence}: stop it, clean up and report nothing more`,
  });
}
