import type { Logger } from 'pino';

export interface Pump {
  /** Works at once, or once more after the work under way. */
  readonly wake: () => void;
  /** Waits for the work under way. */
  readonly close: () => Promise<void>;
}

export interface PumpOptions {
  readonly name: string;
  readonly log: Logger;
  /** Returns how many milliseconds it may rest when nobody wakes it. */
  readonly work: () => Promise<number>;
}

const longestRestMs = 5_000;

/**
 * Repeats `work`, never twice at the same time, for as long as the process lives. Work that rejects (the
 * database or Redis is away) is tried again after a growing rest, and told once an outage.
 */
export function startPump({ name, log, work }: PumpOptions): Pump {
  let isClosed = false;
  let isWoken = false;
  let endRest: () => void = () => undefined;
  const done = run();

  async function run(): Promise<void> {
    let failures = 0;
    while (!isClosed) {
      isWoken = false;
      let restMs: number;
      try {
        restMs = await work();
        if (failures > 0) log.info({ pump: name }, `${name} works again`);
        failures = 0;
      } catch (error) {
        if (failures === 0) log.error({ pump: name, err: error }, `${name} failed and will be tried again`);
        restMs = Math.min(longestRestMs, 50 * 2 ** failures);
        failures = Math.min(failures + 1, 10);
      }
      if (!isWoken) await rest(restMs);
    }
  }

  function rest(ms: number): Promise<void> {
    if (isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    wake() {
      isWoken = true;
      endRest();
    },
    async close() {
      isClosed = true;
      endRest();
      await done;
    },
  };
}
