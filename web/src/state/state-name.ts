import type { RunSummary } from '@sluice/pipelines/protocol/api';
import type { RolloutPhase } from '@sluice/pipelines/rollout/rollout-state';
import { unreachable } from '@sluice/pipelines/result';

/** Every state that a run, a stage, a step or a rollout can be in. Each has one colour, one icon and one word. */
export type StateName = RunSummary['status'] | RunSummary['stages'][number]['status'];

/** States in which somebody is asked to act. */
export function needsPerson(state: StateName): boolean {
  return state === 'awaiting-approval' || state === 'held';
}

/** States that will not change any more. */
export function isOver(state: StateName): boolean {
  return (
    state === 'succeeded' ||
    state === 'failed' ||
    state === 'cancelled' ||
    state === 'skipped' ||
    state === 'rolled-back'
  );
}

/** A rollout's phase in the words of states. `rollback-blocked` is `failed`: it needs a person at once. */
export function phaseState(phase: RolloutPhase['name']): StateName {
  switch (phase) {
    case 'planned':
    case 'frozen':
      return 'waiting';
    case 'inspecting':
    case 'asking-hooks':
    case 'stopping':
    case 'deploying':
    case 'setting-weight':
    case 'analysing':
    case 'promoting':
    case 'baking':
    case 'retiring':
    case 'delivering':
      return 'running';
    case 'paused':
    case 'held':
      return 'held';
    case 'awaiting-approval':
      return 'awaiting-approval';
    case 'rolling-back':
      return 'rolling-back';
    case 'rolled-back':
      return 'rolled-back';
    case 'rollback-blocked':
    case 'stopped':
    case 'refused':
      return 'failed';
    case 'succeeded':
      return 'succeeded';
    default:
      return unreachable(phase);
  }
}
