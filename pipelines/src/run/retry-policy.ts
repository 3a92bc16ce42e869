import type { RetryPolicy } from '../language/definition.ts';
import type { Failure } from './run-state.ts';

/** Whether the policy wants another try after `attempt` (counted from 1) ended with this failure. */
export function retries(policy: RetryPolicy, attempt: number, failure: Failure): boolean {
  if (attempt >= policy.attempts) return false;
  return policy.on.some(
    (rule) => rule === failure.class || (failure.exitCode !== null && rule === `exit:${failure.exitCode}`),
  );
}

/** Milliseconds to wait before the try that follows `failedAttempt`: delay · factor^(failedAttempt − 1), capped. */
export function retryDelayMs(policy: RetryPolicy, failedAttempt: number): number {
  const grown = policy.delayMs * policy.factor ** (failedAttempt - 1);
  return Math.round(Math.min(grown, policy.maxDelayMs));
}
