import { useDeferredValue, useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { findInLog } from '../state/find-in-log.ts';
import type { LogBuffer } from '../state/log-buffer.ts';

export interface LogSearch {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly needle: string;
  readonly type: (needle: string) => void;
  /** Matches among the lines that are held. */
  readonly count: number;
  /** Which of them is shown, from 1; 0: none. */
  readonly at: number;
  /** Its line number; null: none. */
  readonly current: number | null;
  readonly step: (by: 1 | -1) => void;
  readonly focus: () => void;
}

/** Searches the held lines and goes from match to match, beginning with the last one. */
export function useLogSearch(log: LogBuffer, go: (n: number) => void): LogSearch {
  const input = useRef<HTMLInputElement>(null);
  const [needle, setNeedle] = useState('');
  const [current, setCurrent] = useState<number | null>(null);
  const deferred = useDeferredValue(needle);
  const matches = useMemo(() => findInLog(log, deferred), [log, deferred]);
  const step = (by: 1 | -1) => {
    const index = current === null ? -1 : matches.indexOf(current);
    const next = index === -1 ? matches.at(by === 1 ? 0 : -1) : matches.at((index + by) % matches.length);
    if (next === undefined) return;
    setCurrent(next);
    go(next);
  };
  useEffect(() => {
    if (deferred === '') setCurrent(null);
  }, [deferred]);
  return {
    input,
    needle,
    type: setNeedle,
    count: matches.length,
    at: current === null ? 0 : matches.indexOf(current) + 1,
    current,
    step,
    focus: () => input.current?.focus(),
  };
}
