import { useEffect, useState, useSyncExternalStore } from 'react';
import type { LogPage } from '@sluice/pipelines/protocol/api';
import { useApi } from '../api/api-context.tsx';
import { useLive } from '../api/live-context.tsx';
import { paths } from '../api/paths.ts';
import { emptyLog } from './log-buffer.ts';
import { LogStore, type LogSnapshot } from './log-store.ts';

const nothing: LogSnapshot = { log: emptyLog, end: null, error: null, isOpen: false };
const neverChanges = () => () => {};
const nothingYet = () => nothing;

/** The log of an attempt, open as long as the component is shown. */
export function useLogStore(
  attemptId: string,
  expectedLines: number,
): { readonly store: LogStore | null; readonly snapshot: LogSnapshot; readonly reopen: () => void } {
  const api = useApi();
  const live = useLive();
  const [store, setStore] = useState<LogStore | null>(null);
  const [tries, setTries] = useState(0);
  // What is expected grows with the run; it only matters when the log is opened.
  const [expectedAtFirst] = useState(expectedLines);
  useEffect(() => {
    const opened = new LogStore({
      readPage: (from, limit, signal) => api.get<LogPage>(paths.log(attemptId, from, limit), signal),
      live,
      attemptId,
      expectedLines: expectedAtFirst,
      nextFrame: (wake) => void window.requestAnimationFrame(wake),
    });
    setStore(opened);
    void opened.open();
    return () => opened.close();
  }, [api, live, attemptId, expectedAtFirst, tries]);
  const snapshot = useSyncExternalStore(store?.subscribe ?? neverChanges, store?.snapshot ?? nothingYet);
  return { store, snapshot, reopen: () => setTries(tries + 1) };
}
