import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import type { StepOutput } from '../executor.ts';

/** A pipe that is silent so long after the step's own process has ended is held open by a background process. */
const silenceMs = 500;

export interface OutputCopy {
  /** Called after the process has ended: resolves when all that it wrote was passed on. */
  readonly finish: () => Promise<void>;
}

/** Passes a pipe's bytes on, waiting where `output` asks for it. */
export function copyOutput(source: Readable, stream: 'stdout' | 'stderr', output: StepOutput): OutputCopy {
  let passed = 0;
  let isWaiting = false;
  const copied = (async (): Promise<'copied'> => {
    try {
      for await (const chunk of source) {
        output.write(stream, Buffer.from(chunk));
        passed += 1;
        isWaiting = true;
        await output.drained();
        isWaiting = false;
      }
    } catch {
      // closed below under a background process
    }
    return 'copied';
  })();
  return {
    finish: async () => {
      for (let seen = -1; seen !== passed || isWaiting;) {
        seen = passed;
        if ((await Promise.race([copied, sleep(silenceMs)])) === 'copied') return;
      }
      source.destroy();
      await copied;
    },
  };
}
