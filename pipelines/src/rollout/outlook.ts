// What can be said before traffic moves: will the analysis at that weight be able to decide in its time?
import { formatCount, formatDuration, formatPercent } from './figures.ts';
import { requestsToPass } from './forecast.ts';
import { evidenceThreshold, gateMetrics } from './gate-metrics.ts';
import type { Rollout } from './rollout-state.ts';

/**
 * One line for the log about the analysis that follows the present `set-weight` step, from the traffic seen so far.
 * Null: no analysis follows, or nothing is known about the traffic yet.
 */
export function outlook(rollout: Rollout, percent: number): string | null {
  const forMs = nextAnalysisMs(rollout);
  const needed = slowestMetric(rollout, percent / 100);
  if (forMs === null || needed === null) return null;
  const { version } = rollout.spec;
  const requests = `${formatCount(needed.requests)} requests to a good ${version} (${needed.metric})`;
  const time = `${formatDuration(needed.ms)} at the present rate and ${formatPercent(percent)} of the traffic`;
  return needed.ms <= forMs
    ? `the analysis needs about ${requests}: ${time}`
    : `the analysis will not be able to decide within ${formatDuration(forMs)}: it needs about ${requests}, ${time}`;
}

function nextAnalysisMs({ spec, step }: Rollout): number | null {
  for (const next of spec.work.steps.slice(step + 1)) {
    if (next.kind === 'analysis') return next.forMs;
    if (next.kind === 'set-weight') return null;
  }
  return null;
}

/** The metric that takes longest, for a version exactly as good as the old one. */
function slowestMetric(
  rollout: Rollout,
  share: number,
): { readonly metric: string; readonly requests: number; readonly ms: number } | null {
  const { spec, tally, baseline, latest } = rollout;
  const seenMs = latest === null || baseline === null ? 0 : latest.at - baseline.at;
  if (seenMs <= 0) return null;
  const metrics = gateMetrics(spec.work);
  const needs = Object.entries(metrics).flatMap(([metric, metricSpec]) => {
    const counts = Object.hasOwn(tally, metric) ? tally[metric] : undefined;
    if (metricSpec.dryRun || metricSpec.kind === 'points' || counts === undefined) return [];
    const threshold = evidenceThreshold(metricSpec, metrics, spec.work.confidence);
    const requests = requestsToPass(metricSpec, counts.stable, share, threshold);
    if (requests === null) return [];
    const canaryPerMs = ((counts.stable.requests + counts.canary.requests) * share) / seenMs;
    return [{ metric, requests, ms: requests / canaryPerMs }];
  });
  return needs.sort((a, b) => b.ms - a.ms)[0] ?? null;
}
