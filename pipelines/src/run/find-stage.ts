import type { Plan, PlannedStage } from '../plan/plan.ts';

const indexes = new WeakMap<Plan, ReadonlyMap<string, PlannedStage>>();

/**
 * Finds a stage by id; the index is made once a plan, which never changes. A combination that became known while the
 * run went on is only in `wholePlan`: here it is found as what all of its stage's combinations have in common.
 */
export function findStage(plan: Plan, id: string): PlannedStage | undefined {
  let index = indexes.get(plan);
  if (index === undefined) {
    index = new Map(plan.stages.map((stage) => [stage.id, stage]));
    indexes.set(plan, index);
  }
  const found = index.get(id);
  if (found !== undefined || !id.endsWith(')')) return found;
  const each = index.get(id.slice(0, id.lastIndexOf(' (')))?.unexpanded?.each;
  return each === undefined ? undefined : { ...each, id };
}
