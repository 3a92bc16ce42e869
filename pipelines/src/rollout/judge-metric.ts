// The verdict of one metric: what this look shows, and what the metric's rules make of it.
import { rulesOf } from './gate-metrics.ts';
import { measureCounts } from './judge-counts.ts';
import { measurePoints } from './judge-points.ts';
import type { MetricQuestion } from './judge-question.ts';
import { countLook, noLooks, ruleOn } from './look-counts.ts';
import type { Measured } from './measured.ts';
import type { MetricVerdict } from './rollout-state.ts';

export function judgeMetric(question: MetricQuestion): MetricVerdict {
  const { metric, spec } = question;
  const { latest, countedSince } = question;
  const rules = rulesOf(spec);
  const before = own(question.looks ?? {}, metric) ?? noLooks;
  const measured = measure(question);
  const waitsMs = countedSince + rules.initialDelayMs - latest.at;
  if (waitsMs > 0 && measured.kind !== 'error') {
    const reason = `${metric}: waits for its initial delay`;
    return {
      metric,
      ...measured,
      kind: 'need-more',
      reason,
      moreRequests: null,
      moreMs: null,
      looks: before,
    };
  }
  const looks = countLook(before, measured.kind, latest.at, rules);
  // A ceiling's count and failure_limit are about its values, and have been applied to them.
  const isCeiling = spec.kind === 'points' && spec.limit !== null;
  const ruled = ruleOn(measured, looks, isCeiling ? { ...rules, count: 1, failureLimit: 0 } : rules);
  return { metric, ...measured, ...ruled, looks };
}

function measure({ spec, ...question }: MetricQuestion): Measured {
  return spec.kind === 'points' ? measurePoints({ ...question, spec }) : measureCounts({ ...question, spec });
}

/** Metrics are named by users: `constructor` is as good a name as any. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
