export interface Locks {
  /** Runs `work` when nobody else holds `name`; those who wait go in order. `hasWaited`: somebody held it before. */
  readonly hold: <T>(name: string, work: (hasWaited: boolean) => Promise<T>) => Promise<T>;
}

/** Locks within this process. */
export function createLocks(): Locks {
  const last = new Map<string, Promise<unknown>>();
  return {
    hold: async <T>(name: string, work: (hasWaited: boolean) => Promise<T>): Promise<T> => {
      const before = last.get(name);
      const start = (): Promise<T> => work(before !== undefined);
      const mine = before === undefined ? start() : before.then(start, start);
      const settled = mine.catch(() => undefined);
      last.set(name, settled);
      try {
        return await mine;
      } finally {
        if (last.get(name) === settled) last.delete(name);
      }
    },
  };
}
