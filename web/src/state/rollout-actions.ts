import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';

export type RolloutActionName = 'approve' | 'reject' | 'resume' | 'break-glass' | 'give-up' | 'abort';

/** What a person can do about a rollout now; the first one is what it waits for. */
export function actionsIn({
  phase,
  fleet,
}: Pick<Rollout, 'phase'> & Partial<Pick<Rollout, 'fleet'>>): readonly RolloutActionName[] {
  const clusters = Object.values(fleet?.clusters ?? {});
  switch (phase.name) {
    case 'awaiting-approval':
      return ['approve', 'reject'];
    case 'delivering':
      return clusters.some(({ asks }) => asks === true) ? ['approve', 'reject', 'abort'] : ['abort'];
    case 'held':
    case 'paused':
      return ['resume', 'abort'];
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
      return ['abort'];
  }
}
