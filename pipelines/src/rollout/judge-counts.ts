// One look at a metric that is counted: bad events of all events, on both sides.
import { decide, type CountEvidence } from './count-gate.ts';
import { formatCount, formatDuration, formatPercent, formatRate } from './figures.ts';
import { distanceToPass, type Distance } from './forecast.ts';
import { evidenceThreshold, type CountedMetric } from './gate-metrics.ts';
import type { JudgeQuestion, MetricQuestion } from './judge-question.ts';
import { latestReading, type Measured, type Unusable } from './measured.ts';
import { evidenceAfterwards, evidenceBeside, type MetricCounts } from './metric-evidence.ts';
import { dispersionOf } from './metric-spread.ts';
import type { MetricTally, MetricVerdict } from './rollout-state.ts';
import { isShareMismatch } from './traffic-share.ts';

type CountQuestion = MetricQuestion<CountedMetric>;

export function measureCounts(question: CountQuestion): Measured {
  const { metric, spec } = question;
  const counts = countsOf(Object.hasOwn(question.tally, metric) ? question.tally[metric] : undefined);
  const threshold = evidenceThreshold(spec, question.metrics, question.confidence);
  const evidence =
    question.traffic === 'beside'
      ? evidenceBeside(spec, counts)
      : evidenceAfterwards(spec, counts, threshold);
  const found = ruling(question, counts, evidence, threshold);
  return {
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
    ...(counts.dispersion === 1 ? {} : { dispersion: counts.dispersion }),
  };
}

interface Ruling {
  readonly kind: MetricVerdict['kind'];
  readonly reason: string;
  readonly distance: Distance | null;
}

function ruling(
  question: CountQuestion,
  counts: MetricCounts,
  evidence: CountEvidence | null,
  threshold: number,
): Ruling {
  const { metric, spec, names } = question;
  const found = evidence === null ? null : decide(evidence, threshold);
  const figures = `${metric} ${compared(counts, names)}${borderNote(question)}`;
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
function whyUnusable(question: CountQuestion, counts: MetricCounts): Unusable | null {
  const { names, latest, metric, spec } = question;
  const reading = latestReading(latest, metric, 'read');
  if (reading.kind !== 'read') return reading;
  const needsStable = spec.worseThan !== null && question.traffic === 'beside';
  for (const side of needsStable ? (['canary', 'stable'] as const) : (['canary'] as const)) {
    if (reading[side] === null) return { kind: 'no-data', reason: `no data of ${names[side]}` };
    if (counts[side].requests === 0) return { kind: 'no-data', reason: `no requests to ${names[side]} yet` };
  }
  return question.traffic === 'beside' ? whyWrongShare(question, counts) : null;
}

function whyWrongShare(question: CountQuestion, counts: MetricCounts): Unusable | null {
  if (question.intendedSharePercent === null) return null;
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

function allowance({ spec }: CountQuestion): string {
  const parts = [
    spec.worseThan === null ? [] : [`the ${spec.worseThan} times allowed`],
    spec.limit === null ? [] : [`the limit of ${formatPercent(spec.limit * 100)}`],
  ];
  return parts.flat().join(' or ') || 'allowed';
}

function whyPassed({ spec }: CountQuestion, { canary, stable }: MetricCounts): string {
  if (spec.worseThan === null) return `within ${allowanceOfLimit(spec)}`;
  if (canary.bad > 0) return 'not worse than allowed';
  const both = stable.bad === 0 ? 'on either side' : 'on the new version';
  return `no error ${both}, in enough requests to rule out more than a few`;
}

function allowanceOfLimit(spec: CountedMetric): string {
  return spec.limit === null ? 'what is allowed' : `the limit of ${formatPercent(spec.limit * 100)}`;
}

function farOff(distance: Distance | null): string {
  if (distance === null) return '';
  const requests = `about ${formatCount(distance.moreRequests)} more requests`;
  return distance.moreMs === null
    ? `, ${requests}`
    : `, ${requests} or ${formatDuration(distance.moreMs)} at this rate`;
}

/** ` (slower than 500 ms, the histogram has no border at 300 ms)` where another border than the asked one is counted. */
function borderNote({ spec, tally, metric }: CountQuestion): string {
  const borderMs = Object.hasOwn(tally, metric) ? tally[metric]?.borderMs : undefined;
  if (spec.kind !== 'slow' || borderMs === undefined || borderMs === spec.overMs) return '';
  return ` (slower than ${borderMs} ms: the histogram has no border at ${spec.overMs} ms)`;
}
