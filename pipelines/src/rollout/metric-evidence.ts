// The evidence of one metric, from its counts: the tests that the metric asks for, combined.
import { againstCeiling, compareCounts, evidenceBelow, type CountEvidence } from './count-gate.ts';
import { cleanCanaryBound, type CountedMetric } from './gate-metrics.ts';
import type { BadCount } from './rollout-state.ts';

export interface MetricCounts {
  readonly stable: BadCount;
  readonly canary: BadCount;
  /** φ ≥ 1, see `dispersionOf`. */
  readonly dispersion: number;
}

/**
 * Old beside new, at the same time. A metric with a comparison and a limit fails when either fails and passes when
 * both pass. Null: a side that is needed has no requests.
 */
export function evidenceBeside(spec: CountedMetric, counts: MetricCounts): CountEvidence | null {
  if (counts.canary.requests === 0) return null;
  const comparison = spec.worseThan === null ? null : comparisonEvidence(spec, spec.worseThan, counts);
  if (comparison === 'no-baseline') return null;
  return strictest(comparison, ceilingEvidence(spec.limit, counts));
}

/**
 * The old version has no traffic any more: the canary is held against `worseThan` times the rate that the old version
 * surely stayed under while it was counted. A weaker test (the hour is another one), meant to notice disasters.
 */
export function evidenceAfterwards(
  spec: CountedMetric,
  counts: MetricCounts,
  threshold: number,
): CountEvidence | null {
  if (counts.canary.requests === 0) return null;
  const hasReference = spec.worseThan !== null && counts.stable.requests > 0;
  const reference = hasReference
    ? Math.min(spec.worseThan * surelyBelow(counts.stable, counts.dispersion, threshold), highestCeiling)
    : null;
  return strictest(ceilingEvidence(reference, counts), ceilingEvidence(spec.limit, counts));
}

const highestCeiling = 0.999;

function comparisonEvidence(
  spec: CountedMetric,
  ratioAllowed: number,
  { stable, canary, dispersion }: MetricCounts,
): CountEvidence | 'no-baseline' {
  if (stable.requests === 0) return 'no-baseline';
  const evidence = compareCounts({
    canaryBad: canary.bad,
    baselineBad: stable.bad,
    canaryShare: canary.requests / (canary.requests + stable.requests),
    ratioAllowed,
    dispersion,
  });
  if (canary.bad > 0) return evidence;
  const cleanLogE = (-canary.requests / dispersion) * Math.log1p(-cleanCanaryBound(spec));
  return { ...evidence, passLogE: Math.max(evidence.passLogE, cleanLogE) };
}

function ceilingEvidence(ceiling: number | null, { canary, dispersion }: MetricCounts): CountEvidence | null {
  if (ceiling === null) return null;
  return againstCeiling({ bad: canary.bad, good: goodOf(canary), ceiling, dispersion });
}

/** Null only when the metric has no test at all: it can then neither fail nor pass. */
function strictest(a: CountEvidence | null, b: CountEvidence | null): CountEvidence | null {
  if (a === null || b === null) return a ?? b;
  return { failLogE: Math.max(a.failLogE, b.failLogE), passLogE: Math.min(a.passLogE, b.passLogE) };
}

/** The smallest rate that the counts refute, by bisection: the evidence against a rate grows with the rate. */
function surelyBelow(side: BadCount, dispersion: number, threshold: number): number {
  let low = side.bad / Math.max(side.requests, side.bad);
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    const logE = evidenceBelow(side.bad / dispersion, goodOf(side) / dispersion, middle);
    if (logE >= threshold) high = middle;
    else low = middle;
  }
  return high;
}

/** The two counters are read one after the other, so `bad` may be ahead of `requests` for a moment. */
function goodOf(side: BadCount): number {
  return Math.max(0, side.requests - side.bad);
}
