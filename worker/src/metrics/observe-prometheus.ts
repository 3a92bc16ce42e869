import { unreachable } from '@sluice/pipelines/result';
import type {
  CounterReading,
  LatencyReading,
  MetricObservation,
  MetricSpec,
  Observation,
} from '@sluice/pipelines/rollout/rollout-state';
import { slowRequests, type Buckets } from '@sluice/pipelines/rollout/slow-requests';
import { bucketQuery, readBuckets } from './histogram-buckets.ts';
import { queryPrometheus, type QueryAnswer } from './prometheus.ts';
import { readLastDays } from './prometheus-days.ts';
import { readPastHour } from './prometheus-history.ts';

export interface PrometheusSource {
  /** Null: there is none, and every metric is an error that says so. */
  readonly url: string | null;
  readonly metrics: Readonly<Record<string, MetricSpec>>;
  /** Null: that side is not there. */
  readonly versions: { readonly stable: string | null; readonly canary: string | null };
  readonly at: number;
  /** Also what the old version did in the hour before, where it can be told, by this interval; null: not. */
  readonly historyEveryMs?: number | null;
  readonly signal: AbortSignal;
}

type Ask = (query: string, samples?: 'counters' | 'values') => Promise<QueryAnswer>;

/** Raw counters and values of every metric for both sides, all for the same moment. */
export async function observePrometheus(source: PrometheusSource): Promise<Observation> {
  const { url, versions, at, signal } = source;
  const metrics = Object.entries(source.metrics);
  if (url === null) {
    const missing: MetricObservation = { kind: 'error', message: 'the environment names no Prometheus' };
    const all = Object.fromEntries(metrics.map(([name]) => [name, missing]));
    return { at, metrics: all, latency: { stable: null, canary: null } };
  }
  const ask: Ask = (query, samples = 'counters') => queryPrometheus({ url, query, at, samples, signal });
  const [readings, stable, canary, history, days] = await Promise.all([
    Promise.all(metrics.map(async ([name, spec]) => [name, await readMetric(ask, spec, versions)] as const)),
    metrics.length === 0 ? null : readLatency(ask, versions.stable),
    metrics.length === 0 ? null : readLatency(ask, versions.canary),
    readHistory({ ...source, url }),
    readDays({ ...source, url }),
  ]);
  const observation = { at, metrics: Object.fromEntries(readings), latency: { stable, canary } };
  return {
    ...observation,
    ...(history === null ? {} : { history }),
    ...(days === null ? {} : { days }),
  };
}

/** Null where it was not asked for, or where nothing is known: it only sharpens what is said. */
async function readHistory({
  url,
  metrics,
  versions: { stable },
  at,
  historyEveryMs = null,
  signal,
}: PrometheusSource & { readonly url: string }): Promise<NonNullable<Observation['history']> | null> {
  if (historyEveryMs === null || stable === null || forVersion('', stable) === null) return null;
  const histories = await Promise.all(
    Object.entries(metrics).map(async ([name, spec]) => {
      if (spec.kind === 'slow' || spec.kind === 'points') return [];
      const queries = {
        bad: forVersion(spec.query, stable) ?? '',
        requests: forVersion(spec.of, stable) ?? '',
      };
      const history = await readPastHour({ url, queries, at, everyMs: historyEveryMs, signal });
      return history === null ? [] : [[name, history] as const];
    }),
  );
  return Object.fromEntries(histories.flat());
}

/** Asked for with the history. */
async function readDays({
  url,
  metrics,
  at,
  historyEveryMs = null,
  signal,
}: PrometheusSource & { readonly url: string }): Promise<NonNullable<Observation['days']> | null> {
  if (historyEveryMs === null) return null;
  const days = await Promise.all(
    Object.entries(metrics).map(async ([name, spec]) => {
      if (spec.kind === 'slow' || spec.kind === 'points') return [];
      const queries = { bad: spec.query, requests: spec.of };
      const found = await readLastDays({ url, queries, at, signal });
      return found === null ? [] : [[name, found] as const];
    }),
  );
  return Object.fromEntries(days.flat());
}

/** What one side has answered: an error, or what `read` makes of it; null: the side is not there, or has no series. */
type Side<T> = { readonly kind: 'side'; readonly value: T | null } | ReadError;
type ReadError = Extract<MetricObservation, { kind: 'error' }>;
type Versions = PrometheusSource['versions'];

async function readMetric(ask: Ask, spec: MetricSpec, versions: Versions): Promise<MetricObservation> {
  switch (spec.kind) {
    case undefined:
    case 'count':
      return bothSides(
        versions,
        (version) => readCounters(ask, spec.query, spec.of, version),
        (stable, canary) => ({ kind: 'read', stable, canary }),
      );
    case 'slow':
      return bothSides(
        versions,
        (version) => readHistogram(ask, spec.histogram, version),
        (stable, canary) => slowRequests({ stable, canary }, spec.overMs),
      );
    case 'points':
      return bothSides(
        versions,
        (version) => readValue(ask, spec.query, version),
        (stable, canary) => ({ kind: 'value', stable, canary }),
      );
    default:
      return unreachable(spec);
  }
}

async function bothSides<T>(
  { stable, canary }: Versions,
  read: (version: string) => Promise<Side<T>>,
  join: (stable: T | null, canary: T | null) => MetricObservation,
): Promise<MetricObservation> {
  const side = async (version: string | null): Promise<Side<T>> => {
    if (version === null) return { kind: 'side', value: null };
    if (forVersion('', version) === null) {
      return { kind: 'error', message: `the version ${JSON.stringify(version)} cannot stand in a query` };
    }
    return read(version);
  };
  const [old, fresh] = await Promise.all([side(stable), side(canary)]);
  if (old.kind === 'error') return old;
  return fresh.kind === 'error' ? fresh : join(old.value, fresh.value);
}

/** No series of all events is no data; no series of bad events beside them is no bad event. */
async function readCounters(
  ask: Ask,
  query: string,
  of: string,
  version: string,
): Promise<Side<CounterReading>> {
  const [bad, total] = await Promise.all([
    ask(forVersion(query, version) ?? ''),
    ask(forVersion(of, version) ?? ''),
  ]);
  if (bad.kind === 'error') return bad;
  if (total.kind === 'error') return total;
  const hasNone = Object.keys(total.series).length === 0;
  return { kind: 'side', value: hasNone ? null : { bad: bad.series, total: total.series } };
}

async function readHistogram(ask: Ask, histogram: string, version: string): Promise<Side<Buckets>> {
  const answer = await ask(forVersion(bucketQuery(histogram), version) ?? '');
  if (answer.kind === 'error') return answer;
  const buckets = readBuckets(histogram, answer.series);
  if (!buckets.ok) return { kind: 'error', message: buckets.error };
  return { kind: 'side', value: buckets.value };
}

async function readValue(ask: Ask, query: string, version: string): Promise<Side<number>> {
  const answer = await ask(forVersion(query, version) ?? '', 'values');
  if (answer.kind === 'error') return answer;
  const values = Object.values(answer.series);
  if (values.length > 1) {
    const message = `Prometheus: ${values.length} series for ${version}, and a value must be one: join them, for example with avg(…) or max(…)`;
    return { kind: 'error', message };
  }
  return { kind: 'side', value: values[0] ?? null };
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
