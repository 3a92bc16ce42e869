import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { unreachable } from '@sluice/pipelines/result';
import type { StopReason } from './stage-runner.ts';

/** How an attempt ends whose signal has aborted. */
export function stoppedOutcome(signal: AbortSignal): StageOutcome {
  const reason: StopReason = signal.reason;
  switch (reason.kind) {
    case 'cancelled':
      return { result: 'cancelled', reason: reason.reason };
    case 'timeout':
      return {
        result: 'failed',
        failure: {
          class: 'timeout',
          message: `Stopped after ${Math.round(reason.afterMs / 1_000)} s, the time allowed. Make it faster, or raise "timeout" of the stage.`,
          exitCode: null,
        },
      };
    case 'failed':
      return { result: 'failed', failure: reason.failure };
    case 'lost':
      return { result: 'cancelled', reason: 'another worker has this attempt now' };
    default:
      return unreachable(reason);
  }
}
