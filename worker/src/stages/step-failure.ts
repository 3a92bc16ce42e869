import type { StepDefinition } from '@sluice/pipelines/language/definition';
import type { Failure } from '@sluice/pipelines/run/run-state';
import type { StepEnd } from '../executors/executor.ts';
import { readableBytes } from './readable-bytes.ts';

export interface StepStops {
  /** The step's own output limit was met. */
  readonly isTooLong: boolean;
  /** The whole stage was stopped. */
  readonly isStageStopped: boolean;
  readonly logLimitBytes: number;
}

/** Null when the step succeeded, or was stopped with the whole stage. */
export function stepFailure(end: StepEnd, step: StepDefinition, stops: StepStops): Failure | null {
  const exitCode = end.kind === 'exited' ? end.exitCode : null;
  const failure = (failureClass: Failure['class'], what: string): Failure => ({
    class: failureClass,
    message: `Step "${step.name}" ${what}`,
    exitCode,
  });
  if (stops.isTooLong) {
    const limit = readableBytes(stops.logLimitBytes);
    return failure(
      'failed',
      `was ended because it printed more than ${limit}, the limit of one step's log. What it printed after that is not kept. Let it print less, or raise the server's SLUICE_STEP_LOG_LIMIT_MB.`,
    );
  }
  if (end.kind === 'stopped') {
    if (stops.isStageStopped) return null;
    const after = `${Math.round((step.timeoutMs ?? 0) / 1_000)} s`;
    return failure(
      'timeout',
      `was stopped after ${after}, the time allowed. Make it faster, or raise its "timeout".`,
    );
  }
  if (end.outOfMemory) {
    return failure(
      'out-of-memory',
      'ran out of memory. Give the stage more ("resources.memory"), or make it need less.',
    );
  }
  if (end.exitCode === 0) return null;
  if (end.outOfProcesses) {
    return failure(
      'failed',
      `ended with exit code ${end.exitCode}, and was refused new processes because it had too many at the same time. Make it start fewer, or give the stage more ("resources.pids").`,
    );
  }
  return failure('failed', `ended with exit code ${end.exitCode}.`);
}
