import type { StageResult } from '../language/expression/scope.ts';
import { isStageEnd, type RunState, type StageState } from '../run/run-state.ts';

/** What expressions see of stages that have ended; null for others. */
export function stageResults(state: RunState): (id: string) => StageResult | null {
  return (id) => {
    const stage = stageState(state, id);
    if (stage === undefined || !isStageEnd(stage)) return null;
    return { status: stage.status, outputs: stage.status === 'succeeded' ? stage.outputs : {} };
  };
}

export const stageState = (state: RunState, id: string): StageState | undefined =>
  Object.hasOwn(state.stages, id) ? state.stages[id] : undefined;
