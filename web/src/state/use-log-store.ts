import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { LogPage } from '@sluice/pipelines/protocol/api';
import { useApi } from '../api/api-context.tsx';
import { useLive } from '../api/live-context.tsx';
import { askAgain } from '../api/ask-again.ts';
import { paths } from '../api/paths.ts';
import { LogStore, type LogSnapshot } from './log-store.ts';

/** Ends early where nobody waits for the log any more. */
const pauseUnless =
  (signal: AbortSignal) =>
  (failures: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = window.setTimeout(resolve, 400 * failures);
      const end = (): void => {
        window.clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', end, { once: true });
    });

/** The log of an attempt, open as long as the component is shown. */
export function useLogStore(
  attemptId: string,
  expectedLines: number,
): { readonly store: LogStore; readonly snapshot: LogSnapshot } {
  const api = useApi();
  const live = useLive();
  // What is expected grows with the run; it only matters when the log is opened.
  const [expectedAtFirst] = useState(expectedLines);
  const store = useMemo(
    () =>
      new LogStore({
        readPage: (from, limit, signal) =>
          askAgain(() => api.get<LogPage>(paths.log(attemptId, from, limit), signal), pauseUnless(signal)),
        live,
        attemptId,
        expectedLines: expectedAtFirst,
        nextFrame: (wake) => void window.requestAnimationFrame(wake),
      }),
    [api, live, attemptId, expectedAtFirst],
  );
  useEffect(() => {
    void store.open();
    return () => store.close();
  }, [store]);
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot);
  return { store, snapshot };
}
