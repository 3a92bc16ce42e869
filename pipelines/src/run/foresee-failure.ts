import type { Plan } from '../plan/plan.ts';
import { wholePlan } from '../plan/whole-plan.ts';
import type { RunState } from './run-state.ts';

/** Why a run that still goes on can only fail. */
export interface ForeseenFailure {
  readonly stage: string;
  /** What happened there. */
  readonly message: string;
}

/**
 * The promise that a run will fail, given as soon as a stage has failed for good and was not allowed to: no later
 * stage, condition or cancel turns such a run into anything else. Null: nothing is known yet, or the run has ended.
 * Of several stages it names the one that failed first.
 */
export function foreseeFailure(plan: Plan, state: RunState): ForeseenFailure | null {
  if (state.status !== 'running') return null;
  let first: (ForeseenFailure & { readonly at: number }) | null = null;
  for (const { id } of wholePlan(plan, state).stages) {
    const stage = state.stages[id];
    if (stage?.status !== 'failed' || stage.allowed) continue;
    if (first !== null && first.at <= stage.finishedAt) continue;
    first = { stage: id, message: stage.failure.message, at: stage.finishedAt };
  }
  return first === null ? null : { stage: first.stage, message: first.message };
}
