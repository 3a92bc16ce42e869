import type { MetricSpec } from '../language/definition.ts';
import type { LookCounts, MetricTally, Observation } from './rollout-state.ts';

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
  /**
   * Read back from the router. Null: requests are chosen or copied for the new version, so that its share of them is
   * whatever users do; both sides are compared at the share that is observed.
   */
  readonly intendedSharePercent: number | null;
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
