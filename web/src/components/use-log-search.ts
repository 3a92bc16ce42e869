import { useDeferredValue, useMemo, useState } from 'react';
import { findInLog } from '../state/find-in-log.ts';
import type { LogBuffer } from '../state/log-buffer.ts';
import { useServerMatches } from './use-server-matches.ts';

export interface LogSearch {
  readonly needle: string;
  readonly type: (needle: string) => void;
  readonly count: number;
  /** Which of them is shown, from 1; 0: none. */
  readonly at: number;
  /** Its line number; null: none. */
  readonly current: number | null;
  readonly step: (by: 1 | -1) => void;
  /** Part of the log that was looked at, 0 to 1. */
  readonly progress: number;
  readonly error: Error | null;
}

/**
 * Searches a log and goes from match to match, beginning with the last one: here when every line is held, else on
 * the server, which has them all.
 */
export function useLogSearch(attemptId: string, log: LogBuffer, go: (n: number) => void): LogSearch {
  const [needle, setNeedle] = useState('');
  const [current, setCurrent] = useState<number | null>(null);
  const isHeld = log.loaded === log.total;
  // A log that grows while one searches: showing its lines goes before searching them.
  const deferred = useDeferredValue(needle);
  const deferredLog = useDeferredValue(log);
  const held = useMemo(
    () => (isHeld ? findInLog(deferredLog, deferred) : []),
    [isHeld, deferredLog, deferred],
  );
  const remote = useServerMatches(attemptId, isHeld ? null : needle, log.total);
  const matches = isHeld ? held : remote.needle === needle ? remote.lines : [];
  const step = (by: 1 | -1) => {
    // Whoever types and presses Enter at once must not wait for the deferred search.
    const isLate = isHeld && (needle !== deferred || log !== deferredLog);
    const found = isLate ? findInLog(log, needle) : matches;
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
    progress: isHeld || remote.isDone ? 1 : log.total === 0 ? 0 : remote.searched / log.total,
    error: isHeld ? null : remote.error,
  };
}
