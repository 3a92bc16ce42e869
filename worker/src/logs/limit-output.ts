// A step that prints without end would fill the disks of its worker and of the server. It is ended instead: what it
// printed up to the limit is kept, and the log says that there was more.
import type { StepOutput } from '../executors/executor.ts';

export interface LimitedOutput extends StepOutput {
  /** Aborts at the first byte above the limit; nothing more is passed on then. */
  readonly exceeded: AbortSignal;
}

/** `limitBytes`: of both streams together. */
export function limitOutput(output: StepOutput, limitBytes: number): LimitedOutput {
  const controller = new AbortController();
  let left = limitBytes;
  return {
    exceeded: controller.signal,
    write: (stream, chunk) => {
      if (controller.signal.aborted) return;
      if (left > 0) output.write(stream, chunk.length <= left ? chunk : chunk.subarray(0, left));
      left -= chunk.length;
      if (left < 0) controller.abort();
    },
    drained: () => (controller.signal.aborted ? Promise.resolve() : output.drained()),
  };
}
