import type { RunSummary } from '@sluice/pipelines/protocol/api';
import type { RunState, StageState } from '@sluice/pipelines/run/run-state';

export interface StageRollout {
  readonly id: string;
  readonly stage: string;
  readonly attempt: number;
  readonly phase: string;
  /** The one that leads it; null: none does. */
  readonly parent_id: string | null;
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
  const rollout = rollouts.findLast((each) => each.stage === id && each.parent_id === null);
  if (stage.status === 'failed' && rollout?.phase === 'rolled-back') return 'rolled-back';
  if (stage.status !== 'running' || rollout === undefined) return stage.status;
  const led = rollouts.filter((each) => each.parent_id === rollout.id);
  const phases = [rollout, ...led].map(({ phase }) => phase);
  if (phases.some((phase) => phase === 'held' || phase === 'rollback-blocked')) return 'held';
  if (phases.includes('awaiting-approval')) return 'awaiting-approval';
  return rollout.phase === 'rolling-back' ? 'rolling-back' : 'running';
}
