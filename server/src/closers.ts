export interface Closers {
  /** What to do at the end; what was added last is closed first. */
  readonly add: (close: () => Promise<void>) => void;
  /** Closes each once, also when one of them fails; rejects with the failures. */
  readonly close: () => Promise<void>;
}

export function closers(): Closers {
  const stack: (() => Promise<void>)[] = [];
  return {
    add: (close) => void stack.push(close),
    async close() {
      const failures: unknown[] = [];
      for (let close = stack.pop(); close !== undefined; close = stack.pop()) {
        await close().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw new AggregateError(failures, 'not everything could be closed');
    },
  };
}
