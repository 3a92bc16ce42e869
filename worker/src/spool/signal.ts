/** Lets several wait for "something has changed"; whoever wakes looks again at what it waits for. */
export interface Signal {
  readonly notify: () => void;
  /** Resolves at the next `notify`, or when `signal` aborts. */
  readonly wait: (signal?: AbortSignal) => Promise<void>;
}

export function createSignal(): Signal {
  let waiters: (() => void)[] = [];
  return {
    notify: () => {
      const woken = waiters;
      waiters = [];
      for (const wake of woken) wake();
    },
    wait: (signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const done = (): void => {
          signal?.removeEventListener('abort', done);
          resolve();
        };
        signal?.addEventListener('abort', done);
        waiters.push(done);
      }),
  };
}
