// One look at a gauge: the values of both sides by ranks, and the canary's against a plain ceiling.
import type { PointMetric } from '../language/definition.ts';
import { unreachable } from '../result.ts';
import { formatDuration, formatValue } from './figures.ts';
import { hasConditions, rulesOf } from './gate-metrics.ts';
import type { MetricQuestion } from './judge-question.ts';
import { latestReading, type Measured } from './measured.ts';
import { outcomeOf } from './measurement-condition.ts';
import { comparePoints, type PointEvidence, type PointWindow } from './point-gate.ts';
import { noPoints } from './point-tally.ts';
import type { MetricVerdict, PointTally } from './rollout-state.ts';

type PointQuestion = MetricQuestion<PointMetric>;

interface Finding {
  readonly kind: MetricVerdict['kind'];
  readonly reason: string;
  /** Looks that a verdict still needs at least; null: cannot be told. */
  readonly moreLooks: number | null;
}

/**
 * Fails when the comparison or the ceiling fails, and passes when each of them that is asked for passes. Once the old
 * version gets no traffic any more there is nothing to compare with, and only the ceiling is left.
 */
export function measurePoints(question: PointQuestion): Measured {
  const { metric, spec, tally } = question;
  const points = (Object.hasOwn(tally, metric) ? tally[metric]?.points : undefined) ?? noPoints;
  const isCompared = spec.tolerance !== null && question.traffic === 'beside';
  const evidence = isCompared ? comparePoints(points, points.taken, spec.tolerance) : null;
  const above = spec.limit === null ? null : countAbove(points, spec, spec.limit);
  const found = find(question, points, [
    ...(evidence === null ? [] : [compared(question, evidence)]),
    ...(above === null ? [] : [underCeiling(question, above)]),
    ...byConditions(question, points),
  ]);
  const everyMs = Math.max(question.intervalMs ?? 0, rulesOf(spec).intervalMs);
  const { kind, reason } = found;
  const isOpen = kind === 'need-more' && found.moreLooks !== null && everyMs > 0;
  const moreMs = isOpen ? (found.moreLooks ?? 0) * everyMs : null;
  const distance = moreMs === null ? '' : `, at least ${formatDuration(moreMs)} more`;
  return {
    kind,
    reason: `${metric} ${reason}${distance}`,
    stable: noCounts,
    canary: noCounts,
    intendedSharePercent: question.intendedSharePercent,
    observedSharePercent: null,
    failLogE: null,
    passLogE: null,
    threshold: 0,
    moreRequests: null,
    moreMs,
    points: { taken: points.taken, window: evidence?.window ?? null, above },
  };
}

const noCounts = { requests: 0, bad: 0 };

/**
 * A look without a value finds nothing, not even a fail: it would count the values before it once more. Then fail has
 * precedence; then what may not pass; then what is still open.
 */
function find(question: PointQuestion, points: PointTally, findings: readonly Finding[]): Finding {
  const unusable = whyUnusable(question, points);
  if (unusable !== null) return unusable;
  const failed = findings.filter(({ kind }) => kind === 'fail');
  if (failed.length > 0) return { ...joined(failed), kind: 'fail' };
  const unclear = findings.find(({ kind }) => kind === 'error' || kind === 'no-data');
  if (unclear !== undefined) return unclear;
  const open = findings.filter(({ kind }) => kind !== 'pass');
  if (open.length > 0) return { ...joined(open), kind: 'need-more' };
  if (findings.length > 0) return { ...joined(findings), kind: 'pass' };
  return { kind: 'need-more', reason: 'has nothing to be judged by here', moreLooks: null };
}

function joined(findings: readonly Finding[]): Omit<Finding, 'kind'> {
  const looks = findings.map(({ moreLooks }) => moreLooks);
  const isKnown = looks.every((more) => more !== null);
  return {
    reason: findings.map(({ reason }) => reason).join('; '),
    moreLooks: isKnown ? Math.max(...looks.map((more) => more ?? 0)) : null,
  };
}

function whyUnusable(
  { latest, metric, spec, names, traffic }: PointQuestion,
  points: PointTally,
): Finding | null {
  const reading = latestReading(latest, metric, 'value');
  if (reading.kind !== 'value') return { kind: reading.kind, reason: reading.reason, moreLooks: null };
  const noData = (version: string): Finding => ({
    kind: 'no-data',
    reason: `has no value of ${version}`,
    moreLooks: null,
  });
  if (reading.canary === null || points.latest.length === 0) return noData(names.canary);
  const needsStable = spec.tolerance !== null && traffic === 'beside';
  return needsStable && (reading.stable === null || points.taken === 0) ? noData(names.stable) : null;
}

function compared({ names }: PointQuestion, { verdict, window, morePairs }: PointEvidence): Finding {
  if (window === null) {
    return { kind: verdict, reason: 'has too few values yet', moreLooks: morePairs };
  }
  const figures = inWords(window, names);
  switch (verdict) {
    case 'fail':
      return { kind: verdict, reason: `${figures}: worse than allowed`, moreLooks: null };
    case 'pass':
      return { kind: verdict, reason: `${figures}: not worse than allowed`, moreLooks: null };
    default:
      return {
        kind: verdict,
        reason: `${figures}: not enough evidence yet`,
        moreLooks: morePairs > 0 ? morePairs : null,
      };
  }
}

/** `0.061 on r13 against 0.02 on r12 (medians of 10), higher by 0.041 (0.039 to 0.043), 0.002 is allowed` */
function inWords(window: PointWindow, names: PointQuestion['names']): string {
  const { pairs, canaryMedian, stableMedian, shift, shiftLow, shiftHigh, allowedShift } = window;
  const medians = `${formatValue(canaryMedian)} on ${names.canary} against ${formatValue(stableMedian)} on ${names.stable}`;
  const range = `${formatValue(shiftLow)} to ${formatValue(shiftHigh)}`;
  return `${medians} (medians of ${pairs}), higher by ${formatValue(shift)} (${range}), ${formatValue(allowedShift)} is allowed`;
}

/** The latest value alone; how many of them decide is for the metric's `count` and `failure_limit`. */
function byConditions({ spec, names }: PointQuestion, points: PointTally): readonly Finding[] {
  const value = points.latest.at(-1);
  if (value === undefined || !hasConditions(spec)) return [];
  const { successCondition: success = null, failureCondition: failure = null } = spec;
  const figures = `${formatValue(value)} on ${names.canary}`;
  const finding = (kind: Finding['kind'], reason: string): readonly Finding[] => [
    { kind, reason: `${figures}: ${reason}`, moreLooks: null },
  ];
  const outcome = outcomeOf(value, { success, failure });
  switch (outcome) {
    case 'failed':
      return finding('fail', failure === null ? `not ${success ?? ''}` : failure);
    case 'successful':
      return finding('pass', success ?? `not ${failure ?? ''}`);
    case 'inconclusive':
      return finding('no-data', 'neither success_condition nor failure_condition holds');
    case 'error':
      return finding('error', 'its conditions have no answer');
    default:
      return unreachable(outcome);
  }
}

/** Of the latest `count` values. */
function countAbove(
  points: PointTally,
  spec: PointMetric,
  limit: number,
): { readonly looks: number; readonly above: number } {
  const latest = points.latest.slice(-rulesOf(spec).count);
  return { looks: latest.length, above: latest.filter((value) => value > limit).length };
}

function underCeiling(
  { spec, names }: PointQuestion,
  { looks, above }: { readonly looks: number; readonly above: number },
): Finding {
  const { count, failureLimit } = rulesOf(spec);
  const figures = `${above} of the latest ${looks} values of ${names.canary} above ${formatValue(spec.limit ?? 0)}`;
  if (above > failureLimit)
    return { kind: 'fail', reason: `${figures}, ${failureLimit} allowed`, moreLooks: null };
  if (looks >= count) return { kind: 'pass', reason: figures, moreLooks: null };
  return { kind: 'need-more', reason: `${figures}: not enough values yet`, moreLooks: count - looks };
}
