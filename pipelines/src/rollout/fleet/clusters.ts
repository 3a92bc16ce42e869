// Clusters of a fleet as one reads and changes them.
import { change, stay, type Move } from '../move.ts';
import type { Rollout } from '../rollout-state.ts';
import type { ClusterState, Fleet, WaveCluster } from './fleet-state.ts';

/** Before anything happens. */
export function newFleet(waves: readonly (readonly WaveCluster[])[], at: number): Fleet {
  const clusters = waves
    .flat()
    .map(({ name }): [string, ClusterState] => [
      name,
      { status: 'waiting', round: 0, since: at, note: null },
    ]);
  return { wave: 0, clusters: Object.fromEntries(clusters) };
}

export const wavesOf = ({ spec }: Rollout): readonly (readonly WaveCluster[])[] => spec.waves ?? [];

export const fleetOf = (rollout: Rollout): Fleet => rollout.fleet ?? newFleet(wavesOf(rollout), 0);

/** In the order of the waves. */
export function standings(
  rollout: Rollout,
  clusters: readonly WaveCluster[] = wavesOf(rollout).flat(),
): readonly (WaveCluster & ClusterState)[] {
  const fleet = fleetOf(rollout);
  return clusters.flatMap((cluster) => {
    const state = fleet.clusters[cluster.name];
    return state === undefined ? [] : [{ ...cluster, ...state }];
  });
}

/** Nobody holds all clusters any more. */
export function withoutHold(rollout: Rollout): Move {
  const { held: _, ...fleet } = fleetOf(rollout);
  return change(stay(rollout), { fleet });
}

/** `state` in place of what the cluster was; an `asks` of before is over unless it is said again. */
export function setCluster(move: Move, name: string, state: Omit<ClusterState, 'since'>, at: number): Move {
  const fleet = fleetOf(move.rollout);
  const before = fleet.clusters[name];
  const since = before?.status === state.status ? before.since : at;
  return change(move, {
    fleet: { ...fleet, clusters: { ...fleet.clusters, [name]: { ...state, since } } },
  });
}
