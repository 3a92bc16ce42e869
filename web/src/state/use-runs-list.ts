import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useReducer, useState } from 'react';
import type { RunSummary } from '@sluice/pipelines/protocol/api';
import { useApi } from '../api/api-context.tsx';
import { useLive } from '../api/live-context.tsx';
import { paths } from '../api/paths.ts';
import { matchesFilters, type RunFilters } from './run-filters.ts';
import { emptyRunsList, foldRunsNews, type RunsList, type RunsNews } from './runs-list.ts';

interface RunsPage {
  readonly runs: readonly RunSummary[];
  readonly next: string | null;
}

export interface LiveRuns {
  readonly list: RunsList;
  readonly tell: (news: RunsNews) => void;
  /** Null until the first answer. */
  readonly isLoaded: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
  readonly hasOlder: boolean;
  readonly loadOlder: () => void;
}

/** The first page of runs, kept fresh over the socket, and older pages on demand. */
export function useRunsList(filters: RunFilters): LiveRuns {
  const api = useApi();
  const live = useLive();
  const cache = useQueryClient();
  const [list, tell] = useReducer(foldRunsNews, emptyRunsList);
  const [older, setOlder] = useState<{ readonly next: string | null } | null>(null);
  const key = useMemo(() => ['runs', filters] as const, [filters]);
  const first = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api.get<RunsPage>(paths.runs(filters, null), signal),
  });
  useEffect(() => {
    if (first.data !== undefined) tell({ kind: 'loaded', runs: first.data.runs, older: false });
  }, [first.data]);
  useEffect(
    () =>
      live.watchRuns((run) => {
        tell({ kind: 'changed', run, matches: matchesFilters(run, filters) });
      }),
    [live, filters],
  );
  const next = older === null ? (first.data?.next ?? null) : older.next;
  const loadOlder = () => {
    if (next === null) return;
    void cache
      .fetchQuery({
        queryKey: [...key, next],
        queryFn: () => api.get<RunsPage>(paths.runs(filters, next)),
      })
      .then((page) => {
        tell({ kind: 'loaded', runs: page.runs, older: true });
        setOlder({ next: page.next });
      });
  };
  return {
    list,
    tell,
    isLoaded: first.data !== undefined,
    error: first.error,
    retry: () => void first.refetch(),
    hasOlder: next !== null,
    loadOlder,
  };
}
