import type { RunSummary } from '@sluice/pipelines/protocol/api';
import type { RunState, StageState } from '@sluice/pipelines/run/run-state';

export interface StageRollout {
  readonly id: string;
  readonly stage: string;
  readonly attempt: number;
  readonly phase: string;
}

/** A run's status as people see it: one that waits for a person says so. */
export function shownStatus(state: RunState, rollouts: readonly StageRollout[]): RunSummary['status'] {
  if (state.status !== 'running') return state.status;
  const stages = Object.entries(state.stages).map(([id, stage]) => shownStageStatus(id, stage, rollouts));
  if (stages.includes('held')) return 'held';
  return stages.includes('awaiting-approval') ? 'awaiting-approval' : 'running';
}

/** A stage's status as people see it, with what its rollout is doing. `rollouts`: all of the run, oldest first. */
export function shownStageStatus(
  id: string,
  stage: StageState,
  rollouts: readonly StageRollout[],
): RunSummary['stages'][number]['status'] {
  const phase = rollouts.findLast((rollout) => rollout.stage === id)?.phase;
  if (stage.status === 'failed' && phase === 'rolled-back') return 'rolled-back';
  if (stage.status !== 'running') return stage.status;
  switch (phase) {
    case 'held':
    case 'rollback-blocked':
      return 'held';
    case 'awaiting-approval':
      return 'awaiting-approval';
    case 'rolling-back':
      return 'rolling-back';
    default:
      return 'running';
  }
}
