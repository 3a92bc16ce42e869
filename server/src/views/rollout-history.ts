import type { RolloutPoint, SidePoint } from '@sluice/pipelines/protocol/api';
import { addObservation } from '@sluice/pipelines/rollout/counter-difference';
import type {
  LatencyReading,
  Observation,
  Rollout,
  RolloutEvent,
  SideTally,
} from '@sluice/pipelines/rollout/rollout-state';

export interface EvidenceRow {
  readonly event: RolloutEvent;
  readonly weight_percent: number;
}

const longest = 500;

/** What the evidence shows over time, oldest first, thinned to at most 500 points by joining neighbours. */
export function rolloutHistory(evidence: readonly EvidenceRow[]): readonly RolloutPoint[] {
  const points: RolloutPoint[] = [];
  let tally: Rollout['tally'] = {};
  for (const { event, weight_percent } of evidence) {
    if (event.kind !== 'action-finished' || event.result.result !== 'done') continue;
    const { observation, facts } = event.result;
    if (observation === null) continue;
    const before = tally;
    tally = addObservation(tally, observation, { isLook: false });
    const metric = trafficMetric(observation);
    points.push({
      at: observation.at,
      weightPercent: facts.canary?.weightPercent ?? weight_percent,
      stable: sidePoint(before[metric]?.stable, tally[metric]?.stable, observation.latency.stable),
      canary: sidePoint(before[metric]?.canary, tally[metric]?.canary, observation.latency.canary),
    });
  }
  return thin(points);
}

/** The metric whose totals are the requests: the traffic provider's, or else the first. */
function trafficMetric(observation: Observation): string {
  const names = Object.keys(observation.metrics);
  if (names.includes('errors')) return 'errors';
  return names.find((name) => observation.metrics[name]?.kind === 'read') ?? 'errors';
}

function sidePoint(
  before: SideTally | undefined,
  now: SideTally | undefined,
  latency: LatencyReading | null,
): SidePoint | null {
  if (now === undefined || now.seen === null) return null;
  return {
    requests: now.requests - (before?.requests ?? 0),
    errors: now.bad - (before?.bad ?? 0),
    meanMs: latency?.meanMs ?? null,
  };
}

function thin(points: readonly RolloutPoint[]): readonly RolloutPoint[] {
  const size = Math.ceil(points.length / longest);
  if (size <= 1) return points;
  const thinned: RolloutPoint[] = [];
  for (let start = 0; start < points.length; start += size) {
    thinned.push(points.slice(start, start + size).reduce(join));
  }
  return thinned;
}

const join = (earlier: RolloutPoint, later: RolloutPoint): RolloutPoint => ({
  ...later,
  stable: joinSides(earlier.stable, later.stable),
  canary: joinSides(earlier.canary, later.canary),
});

function joinSides(earlier: SidePoint | null, later: SidePoint | null): SidePoint | null {
  if (earlier === null || later === null) return later ?? earlier;
  return {
    requests: earlier.requests + later.requests,
    errors: earlier.errors + later.errors,
    meanMs: later.meanMs ?? earlier.meanMs,
  };
}
