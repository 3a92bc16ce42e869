import type { RunSummary } from '@sluice/pipelines/protocol/api';

/** Median milliseconds of the pipeline's succeeded runs among `runs`; null for fewer than three of them. */
export function usualDuration(runs: readonly RunSummary[], pipeline: string): number | null {
  const durations = runs
    .filter((run) => run.pipeline === pipeline && run.status === 'succeeded' && run.finishedAt !== null)
    .map((run) => (run.finishedAt ?? run.createdAt) - run.createdAt)
    .toSorted((a, b) => a - b);
  return durations.length < 3 ? null : (durations[Math.floor(durations.length / 2)] ?? null);
}
