import type { ClusterRolloutView } from '@sluice/pipelines/protocol/api';
import { unreachable } from '@sluice/pipelines/result';
import { phaseState, type StateName } from './state-name.ts';

/** How a cluster stands, in the words of states; one under way is in the state of its own rollout. */
export function clusterState({ status, phase }: ClusterRolloutView): StateName {
  switch (status) {
    case 'waiting':
      return 'waiting';
    case 'delivering':
      return phase === null ? 'running' : phaseState(phase);
    case 'delivered':
    case 'seen':
    case 'kept':
      return 'succeeded';
    case 'returning':
      return 'rolling-back';
    case 'returned':
      return 'rolled-back';
    case 'blocked':
    case 'stuck':
      return 'failed';
    case 'left':
      return 'cancelled';
    default:
      return unreachable(status);
  }
}

/** In the order of the waves. */
export function byWave(clusters: readonly ClusterRolloutView[]): readonly (readonly ClusterRolloutView[])[] {
  const waves = new Map<number, ClusterRolloutView[]>();
  for (const cluster of clusters) waves.set(cluster.wave, [...(waves.get(cluster.wave) ?? []), cluster]);
  return [...waves.entries()].toSorted(([one], [other]) => one - other).map(([, wave]) => wave);
}
