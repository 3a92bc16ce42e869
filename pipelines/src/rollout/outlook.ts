// What can be said before traffic moves: will the analysis at that weight be able to decide in its time, and how many
// users would a bad version hurt before it is rolled back?
import { analysesOf } from './analyses.ts';
import { blastBudget } from './blast-budget.ts';
import { everCounted, everServed } from './counter-difference.ts';
import { formatCount, formatDuration, formatPercent, formatValue } from './figures.ts';
import { requestsToPass } from './forecast.ts';
import { evidenceThreshold, gateMetrics, hasConditions, rulesOf } from './gate-metrics.ts';
import { pairsToDecide } from './point-gate.ts';
import type { BadCount, Rollout } from './rollout-state.ts';

/** Lines for the log about the present `set-weight` step, from the traffic seen so far; none: nothing is known of it. */
export function outlook(rollout: Rollout, percent: number): readonly string[] {
  return [analysisOutlook(rollout, percent), budgetOutlook(rollout, percent)].filter((line) => line !== null);
}

/**
 * Why an analysis would surely end without a verdict, where that ends the rollout (`on_inconclusive: abort`); null: it
 * may end with one. Where a person is asked instead, `outlook` says it when the step begins. Forecasts are rough, so an
 * analysis is only called hopeless when it would need several times its time.
 */
export function whyNeverInTime(rollout: Rollout): string | null {
  const { steps, onInconclusive } = rollout.spec.work;
  if (onInconclusive === 'hold') return null;
  for (const { percent, forMs } of analysesOf(steps)) {
    const needed = slowestMetric(rollout, percent / 100);
    if (needed === null || needed.ms <= forMs * surelyTooLong) continue;
    const time = `${formatDuration(needed.ms)} at ${formatPercent(percent)} of the traffic (${needed.metric})`;
    return `an analysis of ${formatDuration(forMs)} can never decide, it needs about ${time}, and on_inconclusive: abort would roll back a good version; give it more traffic or time, or hold instead`;
  }
  return null;
}

const surelyTooLong = 3;

function analysisOutlook(rollout: Rollout, percent: number): string | null {
  const forMs = nextAnalysisMs(rollout);
  const needed = slowestMetric(rollout, percent / 100);
  if (forMs === null || needed === null) return null;
  const { version } = rollout.spec;
  const what =
    needed.requests === null
      ? `${formatDuration(needed.ms)} of values (${needed.metric})`
      : `${formatCount(needed.requests)} requests to a good ${version} (${needed.metric})`;
  const time =
    needed.requests === null
      ? `one every ${formatDuration(needed.everyMs)}`
      : `${formatDuration(needed.ms)} at the present rate and ${formatPercent(percent)} of the traffic`;
  return needed.ms <= forMs
    ? `the analysis needs about ${what}: ${time}`
    : `the analysis will not be able to decide within ${formatDuration(forMs)}: it needs about ${what}, ${time}`;
}

/** Only for the first weight: by the next one the version has shown something. */
function budgetOutlook(rollout: Rollout, percent: number): string | null {
  const { spec, step } = rollout;
  const isFirst = !spec.work.steps.slice(0, step).some(({ kind }) => kind === 'set-weight');
  const budget = isFirst ? blastBudget(rollout) : null;
  if (budget === null) return null;
  const allowed = `the budget allows ${formatValue(budget.allowed)} bad requests of about ${formatCount(budget.expectedRequests)}`;
  if (budget.safePercent === null || percent <= budget.safePercent) return allowed;
  const safe = formatPercent(budget.safePercent);
  return `${allowed}: at ${formatPercent(percent)} a version that answers nothing but errors would spend it before it is rolled back; begin with at most ${safe}`;
}

function nextAnalysisMs({ spec, step }: Rollout): number | null {
  for (const next of spec.work.steps.slice(step + 1)) {
    if (next.kind === 'analysis') return next.forMs;
    if (next.kind.startsWith('set-')) return null;
  }
  return null;
}

interface Need {
  readonly metric: string;
  /** To the new version; null: values of a gauge, which need time only. */
  readonly requests: number | null;
  readonly ms: number;
  readonly everyMs: number;
}

/** The metric that takes longest, for a version exactly as good as the old one. */
function slowestMetric(rollout: Rollout, share: number): Need | null {
  const { work } = rollout.spec;
  const metrics = gateMetrics(work);
  const needs = Object.entries(metrics).flatMap(([metric, spec]): Need[] => {
    if (spec.dryRun) return [];
    const { count, initialDelayMs, intervalMs } = rulesOf(spec);
    const everyMs = Math.max(work.intervalMs, intervalMs);
    if (spec.kind === 'points') {
      const looks = Math.max(
        spec.limit === null && !hasConditions(spec) ? 0 : count,
        spec.tolerance === null ? 0 : pairsToDecide,
      );
      return [{ metric, requests: null, ms: initialDelayMs + looks * everyMs, everyMs }];
    }
    const seen = trafficSeen(rollout, metric);
    if (seen === null) return [];
    const requests = requestsToPass(
      spec,
      seen.stable,
      share,
      evidenceThreshold(spec, metrics, work.confidence),
    );
    if (requests === null) return [];
    const ms = requests / (seen.requestsPerMs * share);
    return [{ metric, requests, ms: initialDelayMs + Math.max(ms, (count - 1) * everyMs), everyMs }];
  });
  return needs.toSorted((a, b) => b.ms - a.ms)[0] ?? null;
}

/** A shorter time says little about the rate. */
const leastSeenMs = 60_000;

/** The rate since the rollout began to count, and the errors of the longer time, which may be the hour before. */
function trafficSeen(
  { tally, latest, past, countingSince, countsCopies }: Rollout,
  metric: string,
): { readonly stable: BadCount; readonly requestsPerMs: number } | null {
  const counts = Object.hasOwn(tally, metric) ? tally[metric] : undefined;
  const seenMs = latest === null || countingSince === undefined ? 0 : latest.at - countingSince;
  const hour = past !== undefined && Object.hasOwn(past, metric) ? past[metric] : undefined;
  const isKnown = hour !== undefined && hour.requests > 0;
  if (isKnown && seenMs < leastSeenMs && hour.ms >= leastSeenMs)
    return { stable: hour, requestsPerMs: hour.requests / hour.ms };
  if (counts === undefined || seenMs <= 0) return null;
  const [stable, canary] = [everCounted(counts, 'stable'), everServed(counts, countsCopies)];
  const requestsPerMs = (stable.requests + canary.requests) / seenMs;
  return { stable: isKnown && hour.requests > stable.requests ? hour : stable, requestsPerMs };
}
