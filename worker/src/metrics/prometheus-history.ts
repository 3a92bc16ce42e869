// The hour before a rollout, as counts for each interval.
import { counterGrowth } from '@sluice/pipelines/rollout/counter-difference';
import type { MetricHistory } from '@sluice/pipelines/rollout/rollout-state';
import { z } from 'zod';
import { askPrometheus } from './prometheus.ts';

interface PastQuery {
  readonly url: string;
  readonly queries: { readonly bad: string; readonly requests: string };
  /** The end of the hour. */
  readonly at: number;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

const hourMs = 3_600_000;
const mostIntervals = 720;

/**
 * Null where Prometheus cannot tell: it does not answer, answers more than 4 MB, or has no requests in that time. A
 * rollout then learns the dispersion from its own looks.
 */
export async function readPastHour(past: PastQuery): Promise<MetricHistory | null> {
  const everyMs = Math.max(past.everyMs, hourMs / mostIntervals);
  const intervals = Math.floor(hourMs / everyMs);
  const range = {
    start: ((past.at - intervals * everyMs) / 1_000).toFixed(3),
    end: (past.at / 1_000).toFixed(3),
    step: String(everyMs / 1_000),
  };
  const read = async (query: string): Promise<readonly number[] | null> => {
    const { text } = await askPrometheus(past.url, 'query_range', { query, ...range }, past.signal);
    return countsPerInterval(text, past.at - intervals * everyMs, everyMs, intervals);
  };
  try {
    const [requests, bad] = await Promise.all([read(past.queries.requests), read(past.queries.bad)]);
    if (requests === null || bad === null || !requests.some((count) => count > 0)) return null;
    return { everyMs, requests, bad };
  } catch {
    return null;
  }
}

const matrix = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })),
  }),
});

/**
 * The growth of all series in each interval, with restarts at 0 as in `addObservation`. The first value of a series
 * only sets its mark: what it had counted before is not of this hour. Null for anything but a matrix of counters.
 */
export function countsPerInterval(
  text: string,
  startMs: number,
  everyMs: number,
  intervals: number,
): readonly number[] | null {
  const series = readMatrix(text);
  if (series === null) return null;
  const counts = Array.from({ length: intervals }, () => 0);
  for (const values of series) {
    let last: number | null = null;
    for (const [seconds, word] of values) {
      const value = word.trim() === '' ? Number.NaN : Number(word);
      if (!Number.isFinite(value) || value < 0) return null;
      const interval = Math.ceil((seconds * 1_000 - startMs) / everyMs - 0.5) - 1;
      if (last !== null && interval >= 0 && interval < intervals) {
        counts[interval] = (counts[interval] ?? 0) + counterGrowth(last, value);
      }
      last = value;
    }
  }
  return counts;
}

/** Seconds and words of each series; null for anything but a matrix. */
export function readMatrix(text: string): readonly (readonly (readonly [number, string])[])[] | null {
  const parsed = matrix.safeParse(parseJson(text));
  return parsed.success ? parsed.data.data.result.map(({ values }) => values) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
