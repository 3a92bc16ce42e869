// How many users may be hurt by a release before it is taken back, whatever the gate has to say.
import type { DeployWork } from '../language/definition.ts';
import { everCounted, everServed } from './counter-difference.ts';
import { formatCount, formatPercent, formatValue } from './figures.ts';
import { gateMetrics } from './gate-metrics.ts';
import type { SafeWeight } from './preflight-report.ts';
import type { Rollout } from './rollout-state.ts';

export interface BlastBudget {
  /** Bad requests that the new version may add: (1 − budget) × the requests of the whole rollout. */
  readonly allowed: number;
  /** Bad requests of the new version so far, beyond what the old version's rate and chance account for. */
  readonly added: number;
  /** Of both versions, over all steps with a time and the bake, at the rate seen so far; not less than were seen. */
  readonly expectedRequests: number;
  readonly requestsPerSecond: number;
  /** Of the first weight; null: any. See `safestFirstPercent`. */
  readonly safePercent: number | null;
}

/**
 * Null: the stage has no budget, or nothing has been counted yet.
 *
 * With n requests and S bad ones on the new version since the rollout began, and a bad rate q on the old one,
 *     added = S − (n·q + 3·√(n·q))
 * so that neither the errors which the service has anyway nor their chance (three standard deviations of a Poisson
 * count) spend the budget. Where the old version has no errors every bad request counts.
 */
export function blastBudget(rollout: Rollout): BlastBudget | null {
  const { spec, tally, latest, countingSince, countsCopies } = rollout;
  const { budget } = spec.work;
  const metric = budgetMetric(rollout);
  if (budget === undefined || metric === null || latest === null || countingSince === undefined) return null;
  const counts = Object.hasOwn(tally, metric) ? tally[metric] : undefined;
  const seenMs = latest.at - countingSince;
  if (counts === undefined || seenMs <= 0) return null;
  const [stable, canary] = [everCounted(counts, 'stable'), everServed(counts, countsCopies)];
  const seen = stable.requests + canary.requests;
  const perMs = seen / seenMs;
  const expectedRequests = Math.max(seen, perMs * plannedMs(spec.work));
  const usual = stable.requests === 0 ? 0 : (canary.requests * stable.bad) / stable.requests;
  const allowed = (1 - budget) * expectedRequests;
  return {
    allowed,
    added: Math.max(0, canary.bad - usual - 3 * Math.sqrt(usual)),
    expectedRequests,
    requestsPerSecond: perMs * 1_000,
    safePercent: safestFirstPercent(allowed, perMs, rollBackMs(spec.work.intervalMs)),
  };
}

/** The same before anything was counted, at that rate; null: the stage has no budget. */
export function budgetAt(work: DeployWork, requestsPerMs: number): SafeWeight | null {
  if (work.budget === undefined) return null;
  const expectedRequests = requestsPerMs * plannedMs(work);
  const allowed = (1 - work.budget) * expectedRequests;
  const safePercent = safestFirstPercent(allowed, requestsPerMs, rollBackMs(work.intervalMs));
  return { allowed, expectedRequests, safePercent };
}

/** The budget's end is an end at once; null: there is some left. */
export function whyBudgetSpent(rollout: Rollout): string | null {
  const found = blastBudget(rollout);
  if (found === null || found.added === 0 || found.added <= found.allowed) return null;
  const { budget = 1 } = rollout.spec.work;
  const added = `${rollout.spec.version} has added ${formatValue(found.added)} bad requests`;
  const allowed = `a budget of ${formatPercent(100 * budget)} allows ${formatValue(found.allowed)}`;
  return `the budget is spent: ${added}, and ${allowed} of about ${formatCount(found.expectedRequests)}`;
}

/**
 * The largest weight at which a version that answers nothing but errors stays within the budget until it is rolled
 * back: allowed ÷ (requests per time × time to roll back). Null: any weight does.
 */
function safestFirstPercent(allowed: number, requestsPerMs: number, backMs: number): number | null {
  const hurt = requestsPerMs * backMs;
  return hurt <= allowed ? null : (100 * allowed) / hurt;
}

/** From the first bad request to all traffic on the old version: two looks, and moving the traffic. */
const rollBackMs = (intervalMs: number): number => 2 * intervalMs + 10_000;

function plannedMs({ steps, bakeMs }: DeployWork): number {
  const timed = steps.map((step) => ('forMs' in step ? (step.forMs ?? 0) : 0));
  return timed.reduce((sum, ms) => sum + ms, bakeMs);
}

/** Bad requests are the errors; where those are not measured, the first counter by name. */
function budgetMetric({ spec }: Rollout): string | null {
  const counters = Object.entries(gateMetrics(spec.work))
    .filter(([, { kind }]) => kind === undefined || kind === 'count')
    .map(([metric]) => metric);
  return counters.includes('errors') ? 'errors' : (counters.toSorted()[0] ?? null);
}
