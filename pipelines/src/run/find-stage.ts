import type { Plan, PlannedStage } from '../plan/plan.ts';

const indexes = new WeakMap<Plan, ReadonlyMap<string, PlannedStage>>();

/** Finds a stage by id; the index is made once a plan, which never changes. */
export function findStage(plan: Plan, id: string): PlannedStage | undefined {
  let index = indexes.get(plan);
  if (index === undefined) {
    index = new Map(plan.stages.map((stage) => [stage.id, stage]));
    indexes.set(plan, index);
  }
  return index.get(id);
}
