// What a finished action tells about the target.
import { addObservation, type Taking } from './counter-difference.ts';
import { gateMetrics } from './gate-metrics.ts';
import { pastHour, withPast } from './past-hour.ts';
import type { ActionResult, Observation, Rollout, SideFacts, TargetFacts } from './rollout-state.ts';

export type Done = Extract<ActionResult, { result: 'done' }>;
export type Failed = Extract<ActionResult, { result: 'failed' }>;

/** Keeps facts and counts. `isLook`: the observation comes one interval after the last one. */
export function absorb(before: Rollout, done: Done, isLook = false): Rollout {
  const { facts, observation } = done;
  const rollout = facts.guard === undefined ? before : { ...before, guard: facts.guard };
  if (observation === null || isLate(rollout, observation)) return { ...rollout, facts };
  const tally = addObservation(rollout.tally, observation, taking(rollout, observation, isLook));
  const { history, days: _, ...latest } = observation;
  const counted = {
    ...rollout,
    facts,
    latest,
    baseline: rollout.baseline ?? latest,
    countingSince: rollout.countingSince ?? observation.at,
    tally,
  };
  return history === undefined ? counted : withHistory(counted, history);
}

/** The first answer is kept: later ones would be about the rollout's own time. */
function withHistory(rollout: Rollout, history: NonNullable<Observation['history']>): Rollout {
  if (rollout.past !== undefined) return rollout;
  const past = Object.fromEntries(
    Object.entries(history).map(([metric, counts]) => [metric, pastHour(counts)]),
  );
  return { ...rollout, past, tally: withPast(rollout.tally, past) };
}

/** Read before the last one: what it counts is counted already, or belongs to another weight. */
export function isLate({ latest }: Rollout, observation: Observation): boolean {
  return latest !== null && observation.at < latest.at;
}

function taking({ spec, baseline }: Rollout, observation: Observation, isLook: boolean): Taking {
  const metrics = gateMetrics(spec.work);
  const rulesOf = (metric: string) =>
    Object.hasOwn(metrics, metric) ? (metrics[metric]?.rules ?? null) : null;
  return {
    isLook,
    isWarmingUp: (metric) =>
      baseline !== null && observation.at - baseline.at < (rulesOf(metric)?.initialDelayMs ?? 0),
    valueEveryMs: (metric) => rulesOf(metric)?.intervalMs ?? 0,
  };
}

/** Every replica that should be there is there and answers. */
export function isReady(side: SideFacts | null): boolean {
  if (side === null || side.problem !== null) return false;
  return hasNoneYet(side) || (side.ready >= 1 && side.ready >= side.replicas);
}

/** Where replicas take the places of others, there are none before there is traffic for them. */
const hasNoneYet = ({ inPlace = false, replicas }: SideFacts): boolean => inPlace && replicas === 0;

/** Why the new version cannot go on serving what it was given; null: it can. */
export function whyUnhealthy(rollout: Rollout): string | null {
  const { version } = rollout.spec;
  const canary = rollout.facts?.canary ?? null;
  if (canary === null) return `${version} is gone from the target`;
  if (canary.problem !== null) return `${version} does not run: ${canary.problem}`;
  return canary.ready === 0 && !hasNoneYet(canary)
    ? `none of the ${canary.replicas} replicas of ${version} is ready`
    : null;
}

/** Whether the router does what was asked, as exactly as the target can. */
export function hasWeight(facts: TargetFacts, percent: number): boolean {
  const actual = facts.canary?.weightPercent ?? 0;
  if (percent === 0 || percent === 100) return Math.abs(actual - percent) < 0.5;
  return actual > 0 && actual < 100 && Math.abs(actual - percent) <= weightStep(facts);
}

/** Points by which weight or share may differ from what was asked, because the target cannot do better. */
export function weightStep({ weightStepPercent, stable, canary }: TargetFacts): number {
  const replicas = (stable?.replicas ?? 0) + (canary?.replicas ?? 0);
  return Math.max(1, weightStepPercent ?? 100 / Math.max(1, replicas));
}
