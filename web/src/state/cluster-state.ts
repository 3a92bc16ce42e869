import type { ClusterRolloutView } from '@sluice/pipelines/protocol/api';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import { unreachable } from '@sluice/pipelines/result';
import { phaseState, type StateName } from './state-name.ts';

/**
 * How a cluster stands, in the words of states; one under way is in the state of its own rollout. `canBegin`: its wave may
 * still come.
 */
export function clusterState({ status, phase }: ClusterRolloutView, canBegin = true): StateName {
  switch (status) {
    case 'waiting':
      return canBegin ? 'waiting' : 'skipped';
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

/** Whether clusters whose wave has not begun still wait for it: a rollout that goes back or is over reaches no more. */
export const reachesMore = ({ phase }: Pick<Rollout, 'phase'>): boolean =>
  phase.name === 'planned' ||
  phase.name === 'paused' ||
  phase.name === 'frozen' ||
  phase.name === 'delivering';

/** In the order of the waves. */
export function byWave(clusters: readonly ClusterRolloutView[]): readonly (readonly ClusterRolloutView[])[] {
  const waves = new Map<number, ClusterRolloutView[]>();
  for (const cluster of clusters) waves.set(cluster.wave, [...(waves.get(cluster.wave) ?? []), cluster]);
  return [...waves.entries()].toSorted(([one], [other]) => one - other).map(([, wave]) => wave);
}
