// How far away a verdict is, if everything goes on as it has so far.
import type { CountedMetric } from './gate-metrics.ts';
import { evidenceBeside, type MetricCounts } from './metric-evidence.ts';

export interface Distance {
  /** Canary requests still needed. */
  readonly moreRequests: number;
  /** Null: no time has passed that a rate could be told from. */
  readonly moreMs: number | null;
}

/** Null: a pass is out of reach at these rates, or nothing has been counted yet. */
export function distanceToPass(
  spec: CountedMetric,
  counts: MetricCounts,
  threshold: number,
  countedMs: number,
): Distance | null {
  const scale = scaleToPass(spec, counts, threshold);
  if (scale === null) return null;
  return {
    moreRequests: Math.ceil((scale - 1) * counts.canary.requests),
    moreMs: countedMs > 0 ? Math.ceil((scale - 1) * countedMs) : null,
  };
}

/**
 * Canary requests that a version exactly as good as the old one would need to pass, from the old version's counts
 * so far. Null: unknown, or it could never pass.
 */
export function requestsToPass(
  spec: CountedMetric,
  stable: { readonly requests: number; readonly bad: number },
  share: number,
  threshold: number,
): number | null {
  if (stable.requests === 0 || share <= 0 || share >= 1) return null;
  const odds = share / (1 - share);
  const canary = { requests: stable.requests * odds, bad: stable.bad * odds };
  const shrunk = 1 / Math.max(1, canary.requests);
  const counts = scaled({ stable, canary, dispersion: 1 }, shrunk);
  const scale = scaleToPass(spec, counts, threshold);
  return scale === null ? null : Math.ceil(scale * counts.canary.requests);
}

/** The smallest multiple ≥ 1 of all counts that passes. */
function scaleToPass(spec: CountedMetric, counts: MetricCounts, threshold: number): number | null {
  const passes = (scale: number): boolean => {
    const evidence = evidenceBeside(spec, scaled(counts, scale));
    return evidence !== null && evidence.passLogE >= threshold;
  };
  let high = 1;
  while (!passes(high)) {
    high *= 2;
    if (high > farthestScale) return null;
  }
  let low = high / 2;
  if (high === 1) return 1;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (passes(middle)) high = middle;
    else low = middle;
  }
  return high;
}

const farthestScale = 2 ** 30;

function scaled(counts: MetricCounts, scale: number): MetricCounts {
  const grow = (side: MetricCounts['stable']) => ({ requests: side.requests * scale, bad: side.bad * scale });
  return { stable: grow(counts.stable), canary: grow(counts.canary), dispersion: counts.dispersion };
}
