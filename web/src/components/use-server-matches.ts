import { useEffect, useState } from 'react';
import type { LogMatches } from '@sluice/pipelines/protocol/api';
import { useApi } from '../api/api-context.tsx';
import { paths } from '../api/paths.ts';

/** What the server has found so far of one text in one log. */
export interface ServerMatches {
  readonly needle: string;
  /** Numbers of lines, in order. */
  readonly lines: readonly number[];
  /** Lines that were looked at, from the first on. */
  readonly searched: number;
  readonly isDone: boolean;
  readonly error: Error | null;
}

const nothing: ServerMatches = { needle: '', lines: [], searched: 0, isDone: true, error: null };
/** Who still types is not searched for at each letter. */
const restMs = 250;
const most = 10_000;

/** Searches on the server, part by part, what the browser does not hold; `needle` null: not wanted. */
export function useServerMatches(attemptId: string, needle: string | null, total: number): ServerMatches {
  const api = useApi();
  const [matches, setMatches] = useState(nothing);
  const isWanted = needle !== null && needle !== '';
  useEffect(() => {
    if (!isWanted) return;
    const stopped = new AbortController();
    const search = async (): Promise<void> => {
      let known: ServerMatches = { ...nothing, needle, isDone: false };
      setMatches(known);
      while (!known.isDone) {
        const found = await api.get<LogMatches>(
          paths.searchLog(attemptId, needle, known.searched),
          stopped.signal,
        );
        if (stopped.signal.aborted) return;
        const lines = [...known.lines, ...found.lines];
        const searched = found.next ?? total;
        known = { ...known, lines, searched, isDone: found.next === null || lines.length >= most };
        setMatches(known);
      }
    };
    const rest = window.setTimeout(() => {
      search().catch((error: unknown) => {
        if (stopped.signal.aborted) return;
        setMatches((known) => ({
          ...known,
          isDone: true,
          error: error instanceof Error ? error : new Error(String(error)),
        }));
      });
    }, restMs);
    return () => {
      window.clearTimeout(rest);
      stopped.abort();
    };
    // A log that grows is searched again when somebody types, not with each of its lines.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [api, attemptId, needle, isWanted]);
  return isWanted ? matches : nothing;
}
