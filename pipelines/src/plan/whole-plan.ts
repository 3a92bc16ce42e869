import type { RunState } from '../run/run-state.ts';
import { combinationStage, gatheringStage } from './expand-matrix.ts';
import type { Plan, PlannedStage } from './plan.ts';

/** Of one run: the stages whose combinations became known while it went on. */
type Expanded = NonNullable<RunState['expanded']>;

const whole = new WeakMap<Expanded, { readonly plan: Plan; readonly whole: Plan }>();

/** The plan with the combinations that became known while the run went on; the plan itself where there are none. */
export function wholePlan(plan: Plan, { expanded }: Pick<RunState, 'expanded'>): Plan {
  if (expanded === undefined) return plan;
  const known = whole.get(expanded);
  if (known?.plan === plan) return known.whole;
  const made = { ...plan, stages: plan.stages.flatMap((stage) => expandStage(stage, expanded)) };
  whole.set(expanded, { plan, whole: made });
  return made;
}

function expandStage(stage: PlannedStage, expanded: Expanded): readonly PlannedStage[] {
  const { unexpanded } = stage;
  const its = Object.hasOwn(expanded, stage.id) ? expanded[stage.id] : undefined;
  if (unexpanded === undefined || its === undefined) return [stage];
  const combinations = its.combinations.map(({ name, values, group }): PlannedStage => {
    const made = combinationStage(unexpanded.each, { name, values });
    return group === undefined || made.concurrency === undefined
      ? made
      : { ...made, concurrency: { ...made.concurrency, group } };
  });
  return [
    ...combinations,
    gatheringStage(
      stage,
      combinations.map(({ id }) => id),
    ),
  ];
}
