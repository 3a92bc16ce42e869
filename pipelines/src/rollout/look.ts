// One look at what has been counted so far.
import { gateMetrics } from './gate-metrics.ts';
import { judge } from './judge.ts';
import { weightStep } from './reading.ts';
import type { Rollout, Verdict } from './rollout-state.ts';
import { nothingChosen } from './traffic.ts';

/** Null: nothing was ever observed. */
export function look(rollout: Rollout, traffic: 'beside' | 'afterwards'): Verdict | null {
  const { spec, facts, latest, baseline, tally } = rollout;
  if (latest === null || facts === null) return null;
  const { match, mirrorPercent } = facts.traffic ?? nothingChosen;
  const weight = facts.canary?.weightPercent ?? rollout.weightPercent;
  return judge({
    metrics: gateMetrics(spec.work),
    confidence: spec.work.confidence,
    tally,
    latest,
    countedSince: baseline?.at ?? latest.at,
    intervalMs: spec.work.intervalMs,
    looks: rollout.looks ?? {},
    intendedSharePercent: match.length > 0 || mirrorPercent > 0 ? null : weight,
    shareTolerancePercent: Math.max(2, weight / 4, weightStep(facts)),
    names: { stable: rollout.replaces ?? 'the old version', canary: spec.version },
    traffic,
  });
}

/** Counted by the judge; a verdict about no metric leaves them as they were. */
export function looksAfter(rollout: Rollout, verdict: Verdict): NonNullable<Rollout['looks']> {
  const counted = verdict.metrics.flatMap(({ metric, looks }) =>
    looks === undefined ? [] : [[metric, looks] as const],
  );
  return { ...rollout.looks, ...Object.fromEntries(counted) };
}
