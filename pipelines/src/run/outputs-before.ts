import type { Plan } from '../plan/plan.ts';
import { findStage } from './find-stage.ts';
import type { RunState } from './run-state.ts';

/** Outputs of the succeeded stages that this one needs, directly or not: stage id → outputs. */
export function outputsBefore(
  plan: Plan,
  state: RunState,
  stageId: string,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const outputs: Record<string, Readonly<Record<string, string>>> = {};
  const seen = new Set<string>([stageId]);
  const open = [stageId];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const { stage } of findStage(plan, id)?.needs ?? []) {
      if (seen.has(stage)) continue;
      seen.add(stage);
      open.push(stage);
      const ended = state.stages[stage];
      if (ended?.status === 'succeeded') outputs[stage] = ended.outputs;
    }
  }
  return outputs;
}
