export interface Locks {
  /** Runs `work` when nobody else holds `name`; those who wait go in order. */
  readonly hold: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

/** Locks within this process. */
export function createLocks(): Locks {
  const last = new Map<string, Promise<unknown>>();
  return {
    hold: async (name, work) => {
      const before = last.get(name) ?? Promise.resolve();
      const mine = before.then(work, work);
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
