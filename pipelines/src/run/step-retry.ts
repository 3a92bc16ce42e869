import type { RetryPolicy } from '../language/definition.ts';
import { retries, retryDelayMs } from './retry-policy.ts';
import type { Failure } from './run-state.ts';

export interface NextTry {
  readonly number: number;
  /** Milliseconds until it begins. */
  readonly delayMs: number;
  /** For the log: which try of how many, when, and why. */
  readonly reason: string;
}

/** Null: the step has failed for good. `failed`: which try that was, from 1. */
export function nextTry(policy: RetryPolicy | null, failed: number, failure: Failure): NextTry | null {
  if (policy === null || !retries(policy, failed, failure)) return null;
  const number = failed + 1;
  const delayMs = tryDelayMs(policy, number);
  const how =
    failure.class === 'failed' && failure.exitCode !== null ? `exit:${failure.exitCode}` : failure.class;
  const when = delayMs === 0 ? 'begins now' : `begins in ${delayMs / 1_000} s`;
  return {
    number,
    delayMs,
    reason: `try ${number} of ${policy.attempts} ${when}: try ${failed} ended as ${how}`,
  };
}

/** How long a try waits before it begins; the first does not. */
export function tryDelayMs(policy: RetryPolicy | null, number: number): number {
  return policy === null || number <= 1 ? 0 : retryDelayMs(policy, number - 1);
}
