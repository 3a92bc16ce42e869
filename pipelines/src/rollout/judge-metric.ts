// The verdict of one metric: what this look shows, and what the metric's rules make of it.
import type { MetricSpec } from '../language/definition.ts';
import { rulesOf } from './gate-metrics.ts';
import { measureCounts } from './judge-counts.ts';
import { measurePoints } from './judge-points.ts';
import { countLook, noLooks, ruleOn } from './look-counts.ts';
import type { Measured } from './measured.ts';
import type { LookCounts, MetricTally, MetricVerdict, Observation } from './rollout-state.ts';

export interface JudgeQuestion {
  /** From `gateMetrics`. */
  readonly metrics: Readonly<Record<string, MetricSpec>>;
  /** For the whole stage, 0 < confidence < 1. */
  readonly confidence: number;
  readonly tally: Readonly<Record<string, MetricTally>>;
  /** How the looks before this one have ended, by metric. */
  readonly looks?: Readonly<Record<string, LookCounts>>;
  readonly latest: Observation;
  /** Since when `tally` counts: the time of the baseline observation. */
  readonly countedSince: number;
  /** Of the stage, between two looks. */
  readonly intervalMs?: number;
  /** Read back from the router. */
  readonly intendedSharePercent: number;
  /** Points by which the observed share may differ before it is a mismatch, however certain the difference is. */
  readonly shareTolerancePercent: number;
  readonly names: { readonly stable: string; readonly canary: string };
  /** `afterwards`: the old version gets no traffic any more, its counts are from before. */
  readonly traffic: 'beside' | 'afterwards';
}

export interface MetricQuestion<Spec extends MetricSpec = MetricSpec> extends JudgeQuestion {
  readonly metric: string;
  readonly spec: Spec;
}

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
