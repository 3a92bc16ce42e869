/** A terminal's Ctrl-C reaches npm and us, and npm passes its own on: what comes this soon is the same key. */
const sameKeyMs = 500;

export interface Stops {
  readonly onStop: (listener: (times: number) => void) => void;
  /** How often the end was asked for. */
  readonly times: () => number;
  readonly close: () => void;
}

/** Counts Ctrl-C, SIGTERM and SIGHUP; the third ends the process at once, and the next run cleans up after it. */
export function stopsOf(events: NodeJS.Process, now: () => number = Date.now): Stops {
  let times = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  const listeners: ((times: number) => void)[] = [];
  const stop = (): void => {
    if (now() - lastAt < sameKeyMs) return;
    lastAt = now();
    times += 1;
    if (times > 2) events.exit(130);
    for (const listener of listeners) listener(times);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) events.on(signal, stop);
  return {
    onStop: (listener) => {
      listeners.push(listener);
      if (times > 0) listener(times);
    },
    times: () => times,
    close: () => {
      for (const signal of signals) events.off(signal, stop);
    },
  };
}
