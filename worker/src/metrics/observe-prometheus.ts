import type {
  CounterReading,
  LatencyReading,
  MetricObservation,
  MetricSpec,
  Observation,
} from '@sluice/pipelines/rollout/rollout-state';
import { queryPrometheus, type QueryAnswer } from './prometheus.ts';

export interface PrometheusSource {
  /** Null: there is none, and every metric is an error that says so. */
  readonly url: string | null;
  readonly metrics: Readonly<Record<string, MetricSpec>>;
  /** Null: that side is not there. */
  readonly versions: { readonly stable: string | null; readonly canary: string | null };
  readonly at: number;
  readonly signal: AbortSignal;
}

type Ask = (query: string) => Promise<QueryAnswer>;

/** Raw counters of every metric for both sides, all for the same moment. */
export async function observePrometheus(source: PrometheusSource): Promise<Observation> {
  const { url, versions, at, signal } = source;
  const metrics = Object.entries(source.metrics);
  if (url === null) {
    const missing: MetricObservation = { kind: 'error', message: 'the environment names no Prometheus' };
    const all = Object.fromEntries(metrics.map(([name]) => [name, missing]));
    return { at, metrics: all, latency: { stable: null, canary: null } };
  }
  const ask: Ask = (query) => queryPrometheus({ url, query, at, signal });
  const [readings, stable, canary] = await Promise.all([
    Promise.all(metrics.map(async ([name, spec]) => [name, await readMetric(ask, spec, versions)] as const)),
    metrics.length === 0 ? null : readLatency(ask, versions.stable),
    metrics.length === 0 ? null : readLatency(ask, versions.canary),
  ]);
  return { at, metrics: Object.fromEntries(readings), latency: { stable, canary } };
}

async function readMetric(
  ask: Ask,
  spec: MetricSpec,
  { stable, canary }: PrometheusSource['versions'],
): Promise<MetricObservation> {
  const [old, fresh] = await Promise.all([readSide(ask, spec, stable), readSide(ask, spec, canary)]);
  if (old !== null && 'kind' in old) return old;
  if (fresh !== null && 'kind' in fresh) return fresh;
  return { kind: 'read', stable: old, canary: fresh };
}

type ReadError = Extract<MetricObservation, { kind: 'error' }>;

/** No series of all events is no data; no series of bad events beside them is no bad event. */
async function readSide(
  ask: Ask,
  { query, of }: MetricSpec,
  version: string | null,
): Promise<CounterReading | ReadError | null> {
  if (version === null) return null;
  const [badQuery, totalQuery] = [forVersion(query, version), forVersion(of, version)];
  if (badQuery === null || totalQuery === null) {
    return { kind: 'error', message: `the version ${JSON.stringify(version)} cannot stand in a query` };
  }
  const [bad, total] = await Promise.all([ask(badQuery), ask(totalQuery)]);
  if (bad.kind === 'error') return bad;
  if (total.kind === 'error') return total;
  return Object.keys(total.series).length === 0 ? null : { bad: bad.series, total: total.series };
}

/** Null for a version that could end the PromQL string it stands in; label values of Kubernetes never do. */
export function forVersion(query: string, version: string): string | null {
  if (!/^[\w.-]*$/.test(version)) return null;
  return query.replaceAll(/\$\{\{\s*version\s*\}\}/g, version);
}

/** By the metric that most frameworks export; null where the service has none. */
async function readLatency(ask: Ask, version: string | null): Promise<LatencyReading | null> {
  if (version === null || forVersion('', version) === null) return null;
  const rate = (suffix: string): string =>
    `rate(http_request_duration_seconds_${suffix}{version="${version}"}[1m])`;
  const [mean, p95] = await Promise.all([
    ask(`sum(${rate('sum')}) / sum(${rate('count')})`),
    ask(`histogram_quantile(0.95, sum by (le) (${rate('bucket')}))`),
  ]);
  const [meanMs, p95Ms] = [milliseconds(mean), milliseconds(p95)];
  return meanMs === null && p95Ms === null ? null : { meanMs, p95Ms, maxMs: null };
}

function milliseconds(answer: QueryAnswer): number | null {
  const [seconds] = answer.kind === 'series' ? Object.values(answer.series) : [];
  return seconds === undefined ? null : seconds * 1_000;
}
