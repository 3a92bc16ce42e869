// The verdict of one metric, and its reason in words.
import type { MetricSpec } from '../language/definition.ts';
import { decide, type CountEvidence } from './count-gate.ts';
import { formatCount, formatDuration, formatPercent, formatRate } from './figures.ts';
import { distanceToPass, type Distance } from './forecast.ts';
import { evidenceThreshold } from './gate-metrics.ts';
import { dispersionOf, evidenceAfterwards, evidenceBeside, type MetricCounts } from './metric-evidence.ts';
import type { MetricTally, MetricVerdict, Observation } from './rollout-state.ts';
import { isShareMismatch } from './traffic-share.ts';

export interface JudgeQuestion {
  /** From `gateMetrics`. */
  readonly metrics: Readonly<Record<string, MetricSpec>>;
  /** For the whole stage, 0 < confidence < 1. */
  readonly confidence: number;
  readonly tally: Readonly<Record<string, MetricTally>>;
  readonly latest: Observation;
  /** Since when `tally` counts: the time of the baseline observation. */
  readonly countedSince: number;
  /** Read back from the router. */
  readonly intendedSharePercent: number;
  /** Points by which the observed share may differ before it is a mismatch, however certain the difference is. */
  readonly shareTolerancePercent: number;
  readonly names: { readonly stable: string; readonly canary: string };
  /** `afterwards`: the old version gets no traffic any more, its counts are from before. */
  readonly traffic: 'beside' | 'afterwards';
}

interface MetricQuestion extends JudgeQuestion {
  readonly metric: string;
  readonly spec: MetricSpec;
}

export function judgeMetric(question: MetricQuestion): MetricVerdict {
  const { metric, spec } = question;
  const counts = countsOf(Object.hasOwn(question.tally, metric) ? question.tally[metric] : undefined);
  const threshold = evidenceThreshold(spec, question.metrics, question.confidence);
  const evidence =
    question.traffic === 'beside'
      ? evidenceBeside(spec, counts)
      : evidenceAfterwards(spec, counts, threshold);
  const found = ruling(question, counts, evidence, threshold);
  return {
    metric,
    kind: found.kind,
    reason: found.reason,
    stable: counts.stable,
    canary: counts.canary,
    intendedSharePercent: question.intendedSharePercent,
    observedSharePercent: observedSharePercent(counts),
    failLogE: evidence?.failLogE ?? null,
    passLogE: evidence?.passLogE ?? null,
    threshold,
    moreRequests: found.distance?.moreRequests ?? null,
    moreMs: found.distance?.moreMs ?? null,
  };
}

interface Ruling {
  readonly kind: MetricVerdict['kind'];
  readonly reason: string;
  readonly distance: Distance | null;
}

function ruling(
  question: MetricQuestion,
  counts: MetricCounts,
  evidence: CountEvidence | null,
  threshold: number,
): Ruling {
  const { metric, spec, names } = question;
  const found = evidence === null ? null : decide(evidence, threshold);
  const figures = `${metric} ${compared(counts, names)}`;
  const without = (kind: MetricVerdict['kind'], reason: string): Ruling => ({ kind, reason, distance: null });

  if (found === 'fail') return without('fail', `${figures}: worse than ${allowance(question)}`);
  const unusable = whyUnusable(question, counts);
  if (unusable !== null) return without(unusable.kind, `${metric}: ${unusable.reason}`);
  if (found === 'pass') return without('pass', `${figures}: ${whyPassed(question, counts)}`);

  const countedMs = question.latest.at - question.countedSince;
  const distance = question.traffic === 'beside' ? distanceToPass(spec, counts, threshold, countedMs) : null;
  return { kind: 'need-more', reason: `${figures}: not enough evidence yet${farOff(distance)}`, distance };
}

/** Why the counts, whatever they say, may not pass. */
function whyUnusable(
  question: MetricQuestion,
  counts: MetricCounts,
): { readonly kind: 'error' | 'no-data'; readonly reason: string } | null {
  const { names, latest, metric, spec } = question;
  const reading = Object.hasOwn(latest.metrics, metric) ? latest.metrics[metric] : undefined;
  if (reading === undefined) return { kind: 'error', reason: 'the target does not report this metric' };
  if (reading.kind === 'error') return { kind: 'error', reason: `cannot be read: ${reading.message}` };
  const needsStable = spec.worseThan !== null && question.traffic === 'beside';
  for (const side of needsStable ? (['canary', 'stable'] as const) : (['canary'] as const)) {
    if (reading[side] === null) return { kind: 'no-data', reason: `no data of ${names[side]}` };
    if (counts[side].requests === 0) return { kind: 'no-data', reason: `no requests to ${names[side]} yet` };
  }
  return question.traffic === 'beside' ? whyWrongShare(question, counts) : null;
}

function whyWrongShare(
  question: MetricQuestion,
  counts: MetricCounts,
): { readonly kind: 'error'; readonly reason: string } | null {
  const isWrong = isShareMismatch({
    canaryRequests: counts.canary.requests,
    stableRequests: counts.stable.requests,
    intendedSharePercent: question.intendedSharePercent,
    tolerancePercent: question.shareTolerancePercent,
    threshold: shareThreshold,
  });
  if (!isWrong) return null;
  const observed = formatPercent(observedSharePercent(counts) ?? 0);
  const intended = formatPercent(question.intendedSharePercent);
  return {
    kind: 'error',
    reason: `weight-not-applied: ${question.names.canary} gets ${observed} of the requests instead of ${intended}`,
  };
}

/** A fault of the platform is only called one when it is surely one: α = 0.001. */
const shareThreshold = Math.log(1_000);

function countsOf(tally: MetricTally | undefined): MetricCounts {
  const side = (counted: MetricTally['stable'] | undefined) => ({
    requests: counted?.requests ?? 0,
    bad: counted?.bad ?? 0,
  });
  return {
    stable: side(tally?.stable),
    canary: side(tally?.canary),
    dispersion: tally === undefined ? 1 : dispersionOf(tally.perLook),
  };
}

function observedSharePercent({ stable, canary }: MetricCounts): number | null {
  const total = stable.requests + canary.requests;
  return total === 0 ? null : (100 * canary.requests) / total;
}

/** `5.1 % on r13 (51 of 1,000) against 0 % on r12 (0 of 9,000)` */
function compared({ stable, canary }: MetricCounts, names: JudgeQuestion['names']): string {
  return `${share(canary)} on ${names.canary} (${ofAll(canary)}) against ${share(stable)} on ${names.stable} (${ofAll(stable)})`;
}

const share = (side: MetricCounts['stable']): string => formatRate(side.bad, side.requests);
const ofAll = (side: MetricCounts['stable']): string =>
  `${formatCount(side.bad)} of ${formatCount(side.requests)} requests`;

function allowance({ spec }: MetricQuestion): string {
  const parts = [
    spec.worseThan === null ? [] : [`the ${spec.worseThan} times allowed`],
    spec.limit === null ? [] : [`the limit of ${formatPercent(spec.limit * 100)}`],
  ];
  return parts.flat().join(' or ') || 'allowed';
}

function whyPassed({ spec }: MetricQuestion, { canary, stable }: MetricCounts): string {
  if (spec.worseThan === null) return `within ${allowanceOfLimit(spec)}`;
  if (canary.bad > 0) return 'not worse than allowed';
  const both = stable.bad === 0 ? 'on either side' : 'on the new version';
  return `no error ${both}, in enough requests to rule out more than a few`;
}

function allowanceOfLimit(spec: MetricSpec): string {
  return spec.limit === null ? 'what is allowed' : `the limit of ${formatPercent(spec.limit * 100)}`;
}

function farOff(distance: Distance | null): string {
  if (distance === null) return '';
  const requests = `about ${formatCount(distance.moreRequests)} more requests`;
  return distance.moreMs === null
    ? `, ${requests}`
    : `, ${requests} or ${formatDuration(distance.moreMs)} at this rate`;
}
