import type { RunSummary } from '@sluice/pipelines/protocol/api';

/**
 * The rows of the runs page. News about a row that is shown changes it in place; a new run is put on top only
 * while nobody points at the list, and is otherwise counted in `pending`: no row jumps under the pointer.
 */
export interface RunsList {
  /** Newest first. */
  readonly rows: readonly RunSummary[];
  /** Newest first; not shown yet. */
  readonly pending: readonly RunSummary[];
  readonly held: boolean;
}

export type RunsNews =
  /** A page as the server answered it; `older`: the page after the last row. */
  | { readonly kind: 'loaded'; readonly runs: readonly RunSummary[]; readonly older: boolean }
  | { readonly kind: 'changed'; readonly run: RunSummary; readonly matches: boolean }
  /** The pointer or the keyboard is on the list, or has left it. */
  | { readonly kind: 'held'; readonly held: boolean }
  | { readonly kind: 'revealed' };

export const emptyRunsList: RunsList = { rows: [], pending: [], held: false };

export function foldRunsNews(list: RunsList, news: RunsNews): RunsList {
  switch (news.kind) {
    case 'loaded':
      return news.older
        ? addOlder(list, news.runs)
        : { ...list, rows: merge(news.runs, list.rows), pending: [] };
    case 'changed':
      return change(list, news.run, news.matches);
    case 'held':
      return news.held ? { ...list, held: true } : { ...reveal(list), held: false };
    case 'revealed':
      return reveal(list);
  }
}

function change(list: RunsList, run: RunSummary, matches: boolean): RunsList {
  if (has(list.rows, run.id)) return { ...list, rows: replace(list.rows, run) };
  if (has(list.pending, run.id)) return { ...list, pending: replace(list.pending, run) };
  const oldest = list.rows.at(-1);
  if (!matches || (oldest !== undefined && run.createdAt < oldest.createdAt)) return list;
  return list.held
    ? { ...list, pending: newestFirst([run, ...list.pending]) }
    : { ...list, rows: newestFirst([run, ...list.rows]) };
}

function reveal(list: RunsList): RunsList {
  return list.pending.length === 0
    ? list
    : { ...list, rows: newestFirst([...list.pending, ...list.rows]), pending: [] };
}

function addOlder(list: RunsList, runs: readonly RunSummary[]): RunsList {
  return { ...list, rows: [...list.rows, ...runs.filter((run) => !has(list.rows, run.id))] };
}

/** A fresh first page, followed by the older rows that were loaded before. */
function merge(fresh: readonly RunSummary[], known: readonly RunSummary[]): readonly RunSummary[] {
  const last = fresh.at(-1);
  if (last === undefined) return [];
  const ids = new Set(fresh.map((run) => run.id));
  return [...fresh, ...known.filter((run) => !ids.has(run.id) && run.createdAt < last.createdAt)];
}

const has = (runs: readonly RunSummary[], id: string): boolean => runs.some((run) => run.id === id);

const replace = (runs: readonly RunSummary[], run: RunSummary): readonly RunSummary[] =>
  runs.map((known) => (known.id === run.id ? run : known));

const newestFirst = (runs: readonly RunSummary[]): readonly RunSummary[] =>
  runs.toSorted((a, b) => b.createdAt - a.createdAt || b.number - a.number);
