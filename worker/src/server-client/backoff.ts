import { setTimeout as sleep } from 'node:timers/promises';

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
