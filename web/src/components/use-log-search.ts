import { useDeferredValue, useMemo, useState } from 'react';
import { findInLog } from '../state/find-in-log.ts';
import type { LogBuffer } from '../state/log-buffer.ts';

export interface LogSearch {
  readonly needle: string;
  readonly type: (needle: string) => void;
  /** Matches among the lines that are held. */
  readonly count: number;
  /** Which of them is shown, from 1; 0: none. */
  readonly at: number;
  /** Its line number; null: none. */
  readonly current: number | null;
  readonly step: (by: 1 | -1) => void;
}

/** Searches the held lines and goes from match to match, beginning with the last one. */
export function useLogSearch(log: LogBuffer, go: (n: number) => void): LogSearch {
  const [needle, setNeedle] = useState('');
  const [current, setCurrent] = useState<number | null>(null);
  // A log that grows while one searches: showing its lines goes before searching them.
  const deferred = useDeferredValue(needle);
  const deferredLog = useDeferredValue(log);
  const matches = useMemo(() => findInLog(deferredLog, deferred), [deferredLog, deferred]);
  const step = (by: 1 | -1) => {
    // Whoever types and presses Enter at once must not wait for the deferred search.
    const found = needle === deferred && log === deferredLog ? matches : findInLog(log, needle);
    const index = current === null ? -1 : found.indexOf(current);
    const next = index === -1 ? found.at(by === 1 ? 0 : -1) : found.at((index + by) % found.length);
    if (next === undefined) return;
    setCurrent(next);
    go(next);
  };
  return {
    needle,
    type: (text) => {
      setNeedle(text);
      if (text === '') setCurrent(null);
    },
    count: matches.length,
    at: current === null ? 0 : matches.indexOf(current) + 1,
    current,
    step,
  };
}
