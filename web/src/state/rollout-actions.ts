import { whyNotHeld, whyNotPromoted } from '@sluice/pipelines/rollout/steering';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';

export type RolloutActionName =
  'approve' | 'reject' | 'resume' | 'hold' | 'promote' | 'break-glass' | 'give-up' | 'abort';

/** What a person can do about a rollout now; the first one is what it waits for. */
export function actionsIn(rollout: Rollout): readonly RolloutActionName[] {
  const { phase, fleet } = rollout;
  const clusters = Object.values(fleet?.clusters ?? {});
  const steer: readonly RolloutActionName[] = [
    ...(whyNotHeld(rollout) === null && rollout.wish === undefined ? (['hold'] as const) : []),
    ...(whyNotPromoted(rollout) === null ? (['promote'] as const) : []),
    'abort',
  ];
  switch (phase.name) {
    case 'awaiting-approval':
      return ['approve', 'reject'];
    case 'delivering':
      return clusters.some(({ asks }) => asks === true) ? ['approve', 'reject', 'abort'] : ['abort'];
    case 'held':
    case 'paused':
      return ['resume', ...steer];
    case 'frozen':
      return ['break-glass', 'abort'];
    case 'rollback-blocked':
      return clusters.some(({ status }) => status === 'stuck') ? ['resume', 'give-up'] : ['give-up'];
    case 'succeeded':
    case 'rolled-back':
    case 'refused':
    case 'stopped':
    case 'rolling-back':
      return [];
    default:
      return steer;
  }
}

/** What cannot be taken back, or takes back what users have. */
export const isDangerous = (name: RolloutActionName): boolean =>
  name === 'reject' || name === 'abort' || name === 'give-up' || name === 'break-glass';
