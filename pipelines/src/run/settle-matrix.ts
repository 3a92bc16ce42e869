// A stage with a matrix has no attempt of its own: it makes its combinations, and ends when they have.
import { renderKnownParts } from '../language/expression/render-template.ts';
import { combinationId } from '../plan/combine.ts';
import { combinationsOf } from '../plan/expand-matrix.ts';
import { maxNeeds, maxStages, type Plan, type PlannedStage, type Unexpanded } from '../plan/plan.ts';
import { contextOf, scopeIn } from '../plan/stage-context.ts';
import { stageResults } from '../plan/stage-results.ts';
import { err, ok, type Result } from '../result.ts';
import { findStage } from './find-stage.ts';
import { gatherEnds, listOf } from './gather-ends.ts';
import {
  isStageEnd,
  type ExpandedMatrix,
  type RunState,
  type StageEnd,
  type StageState,
} from './run-state.ts';

/** The combinations, now that the stage's needs have ended. The error says why there are none and never will be. */
export function expandNow(
  plan: Plan,
  state: RunState,
  stage: PlannedStage,
  { rules, each }: Unexpanded,
): Result<ExpandedMatrix, string> {
  const known = { trigger: plan.trigger, run: null, stage: stageResults(state) };
  const context = contextOf(plan, stage, (id) => findStage(plan, id), known);
  if (!context.ok) return context;
  const combined = combinationsOf(rules, scopeIn(context.value, known));
  if (!combined.ok) return combined;
  const total = Object.keys(state.stages).length + combined.value.length;
  if (total > maxStages) {
    return err(
      `matrix: with its ${combined.value.length} combinations the run would have ${total} stages, ` +
        `and at most ${maxStages} can be run: shorten the lists, or split the pipeline`,
    );
  }
  const needs = stage.needs.length * combined.value.length;
  if (needs > maxNeeds) {
    return err(
      `matrix: its ${combined.value.length} combinations would have ${needs} needs in all, and at most ${maxNeeds} can be run: put a stage between, which needs them all`,
    );
  }
  const combinations = combined.value.map(({ name, values }) => {
    if (each.concurrency === undefined) return { name, values };
    const its = scopeIn(context.value, { ...known, matrix: values }, each.env);
    const group = renderKnownParts(each.concurrency.group, its);
    return { name, values, ...(group.ok ? { group: group.value } : {}) };
  });
  return ok({ combinations, reason: reasonOf(stage.id, combinations) });
}

/** The state with the new stages in it, each waiting, or ended as a run before left it; so is the stage itself. */
export function withCombinations(
  state: RunState,
  { id, needs }: PlannedStage,
  made: ExpandedMatrix,
): RunState {
  const { keptLater = {} } = state;
  const after = needs.map((need) => need.stage).join(', ');
  const stages: Record<string, StageState> = { ...state.stages };
  for (const { name } of made.combinations) {
    const its = combinationId(id, name);
    const kept = Object.hasOwn(keptLater, its) ? keptLater[its] : undefined;
    stages[its] = kept ?? { status: 'waiting', reason: `waits for ${after}` };
  }
  const own = stages[id];
  if (own === undefined || !isStageEnd(own)) stages[id] = { status: 'waiting', reason: made.reason };
  return { ...state, stages, expanded: { ...state.expanded, [id]: made } };
}

/** How the stage ends when all its combinations have; `at`: when the last one did. */
export const combinationsEnd = (state: RunState, combinations: readonly string[], at: number): StageEnd =>
  gatherEnds(state, combinations, at, 'combinations', gatherOutputs);

/** Of each output a JSON list of what the combinations gave, in their order: another matrix can take it. */
function gatherOutputs(ends: readonly StageEnd[]): Readonly<Record<string, string>> {
  const values = new Map<string, string[]>();
  for (const end of ends) {
    if (end.status !== 'succeeded') continue;
    for (const [name, value] of Object.entries(end.outputs)) {
      const list = values.get(name) ?? [];
      list.push(value);
      values.set(name, list);
    }
  }
  return Object.fromEntries([...values].map(([name, list]) => [name, JSON.stringify(list)]));
}

function reasonOf(id: string, combinations: ExpandedMatrix['combinations']): string {
  const count = `${combinations.length} combination${combinations.length === 1 ? '' : 's'}`;
  return `waits for its ${count}: ${listOf(combinations.map(({ name }) => combinationId(id, name)))}`;
}
