// The service's last days, whatever version it had, as counts for each interval: what `preflight` simulates from.
import type { MetricHistory } from '@sluice/pipelines/rollout/rollout-state';
import { askPrometheus } from './prometheus.ts';
import { readMatrix } from './prometheus-history.ts';

interface DaysQuery {
  readonly url: string;
  /** With `${{ version }}`. */
  readonly queries: { readonly bad: string; readonly requests: string };
  /** The end of the last day. */
  readonly at: number;
  readonly signal: AbortSignal;
}

const everyMs = 300_000;
/** Three days: 864 values a query, whatever the number of series. */
const intervals = 864;

/**
 * Null where Prometheus cannot tell in its time. It adds the series up itself and extrapolates a little, which is good
 * enough for a forecast; no verdict is made from it.
 */
export async function readLastDays({ url, queries, at, signal }: DaysQuery): Promise<MetricHistory | null> {
  const startMs = at - (intervals - 1) * everyMs;
  const read = async (query: string): Promise<readonly number[] | null> => {
    const counted = growthQuery(query);
    if (counted === null) return null;
    const range = { start: seconds(startMs), end: seconds(at), step: String(everyMs / 1_000) };
    const { text } = await askPrometheus(url, 'query_range', { query: counted, ...range }, signal);
    return valuesPerInterval(text, startMs);
  };
  try {
    const requests = await read(queries.requests);
    const bad = requests === null ? null : await read(queries.bad);
    if (requests === null || bad === null || !requests.some((count) => count > 0)) return null;
    return { everyMs, requests, bad };
  } catch {
    return null;
  }
}

/** Null where the version stands anywhere else than as a label's value: another version's series cannot be named. */
export function growthQuery(query: string): string | null {
  const ofAll = query.replaceAll(/=\s*(["'])\$\{\{\s*version\s*\}\}\1/g, '=~".+"');
  if (ofAll.includes('${{')) return null;
  return `sum(increase((${ofAll})[5m:1m]))`;
}

/** What no value says is nothing: no series of bad events is no bad event. */
export function valuesPerInterval(text: string, startMs: number): readonly number[] | null {
  const series = readMatrix(text);
  if (series === null || series.length > 1) return null;
  const counts = Array.from({ length: intervals }, () => 0);
  for (const [at, word] of series[0] ?? []) {
    const index = Math.round((at * 1_000 - startMs) / everyMs);
    const value = Number(word);
    if (index >= 0 && index < intervals && Number.isFinite(value) && value > 0)
      counts[index] = Math.round(value);
  }
  return counts;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);
