import { setTimeout as sleep } from 'node:timers/promises';
import { ServerAwayError } from './http-door.ts';

export interface Backoff {
  /** Waits longer each time, up to `maxMs`; returns at once when `signal` aborts. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
  readonly reset: () => void;
}

export function createBackoff({
  firstMs,
  maxMs,
}: {
  readonly firstMs: number;
  readonly maxMs: number;
}): Backoff {
  let delayMs = firstMs;
  return {
    wait: async (signal) => {
      const waitMs = delayMs;
      delayMs = Math.min(maxMs, delayMs * 2);
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    },
    reset: () => {
      delayMs = firstMs;
    },
  };
}

/** Calls again, ever more slowly, while the server is away; the last refusal rejects when `signal` aborts. */
export async function whileAway<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ServerAwayError) || signal.aborted) throw error;
      await backoff.wait(signal);
    }
  }
}
