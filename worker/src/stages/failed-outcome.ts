import type { FailureClass } from '@sluice/pipelines/language/definition';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';

/** `message`: what happened, where, and what to do. */
export function failed(
  message: string,
  failureClass: FailureClass = 'failed',
  exitCode: number | null = null,
): StageOutcome {
  return { result: 'failed', failure: { class: failureClass, message, exitCode } };
}
