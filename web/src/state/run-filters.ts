import type { RunSummary } from '@sluice/pipelines/protocol/api';

export const filterKeys = ['status', 'branch', 'pipeline', 'project'] as const;
export type FilterKey = (typeof filterKeys)[number];
/** An absent key does not filter. They stand in the page's address, so that a list can be sent to a colleague. */
export type RunFilters = Partial<Record<FilterKey, string>>;

export function readFilters(parameters: URLSearchParams): RunFilters {
  const filters: RunFilters = {};
  for (const key of filterKeys) {
    const value = parameters.get(key)?.trim();
    if (value) filters[key] = value;
  }
  return filters;
}

export function matchesFilters(run: RunSummary, filters: RunFilters): boolean {
  return (
    (filters.status === undefined || run.status === filters.status) &&
    (filters.branch === undefined || run.ref === filters.branch) &&
    (filters.pipeline === undefined || run.pipeline === filters.pipeline) &&
    (filters.project === undefined || run.project === filters.project)
  );
}

/** Words that all must occur somewhere in the row; the search box of the runs page. */
export function matchesWords(run: RunSummary, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { commit } = run;
  const row = [
    `#${run.number}`,
    run.pipeline,
    run.repository,
    run.ref,
    run.actor,
    commit.sha,
    commit.message,
    commit.author,
    run.status,
  ]
    .join('\n')
    .toLowerCase();
  return words.every((word) => row.includes(word));
}
