// A histogram of Prometheus: series named `…_bucket`, each with its upper border as the label `le`.
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { Buckets } from '@sluice/pipelines/rollout/slow-requests';

/** `latency_seconds{version="r1"}` → `latency_seconds_bucket{version="r1"}` */
export function bucketQuery(histogram: string): string {
  return histogram.trim().replace(/^([a-zA-Z_:][\w:]*)/, '$1_bucket');
}

/** Borders become milliseconds: names say seconds, the convention of Prometheus, unless they end in `_ms` or `_milliseconds`. */
export function readBuckets(
  histogram: string,
  series: Readonly<Record<string, number>>,
): Result<Buckets, string> {
  const unitMs = /^[\w:]*_(ms|milliseconds)\s*(\{|$)/.test(histogram.trim()) ? 1 : 1_000;
  const buckets: Record<string, Map<number, number>> = {};
  for (const [labels, count] of Object.entries(series)) {
    const found = /(?<before>\{|,)le="(?<border>[^"\\]*)"(?<after>,|\})/.exec(labels);
    const border = Number(found?.groups?.['border']?.replace(/^\+Inf$/, 'Infinity') || Number.NaN);
    if (found === null || Number.isNaN(border)) {
      return err(`Prometheus: ${labels} has no bucket border (le): is ${histogram} a histogram?`);
    }
    const rest = labels.replace(found[0], joint(found));
    const ofSeries = (buckets[rest] ??= new Map<number, number>());
    ofSeries.set(Number.isFinite(border) ? Number((border * unitMs).toPrecision(12)) : border, count);
  }
  return ok(buckets);
}

/** What stays of the labels around `le`. */
function joint({ groups }: RegExpExecArray): string {
  const [before, after] = [groups?.['before'] ?? '', groups?.['after'] ?? ''];
  if (before === '{') return after === '}' ? '{}' : '{';
  return after;
}
