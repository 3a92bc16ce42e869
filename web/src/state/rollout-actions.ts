import type { RolloutPhase } from '@sluice/pipelines/rollout/rollout-state';

export type RolloutActionName = 'approve' | 'reject' | 'resume' | 'break-glass' | 'abort';

/** What a person can do in a phase; the first one is what the phase waits for. */
export function actionsIn(phase: RolloutPhase['name']): readonly RolloutActionName[] {
  switch (phase) {
    case 'awaiting-approval':
      return ['approve', 'reject'];
    case 'held':
    case 'paused':
      return ['resume', 'abort'];
    case 'frozen':
      return ['break-glass', 'abort'];
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
