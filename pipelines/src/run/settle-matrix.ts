// A stage with a matrix has no attempt of its own: it makes its combinations, and ends when they have.
import { envLookup } from '../language/expression/env-lookup.ts';
import { renderKnownParts } from '../language/expression/render-template.ts';
import type { Scope } from '../language/expression/scope.ts';
import { combinationId } from '../plan/combine.ts';
import { combinationsOf } from '../plan/expand-matrix.ts';
import { maxStages, type Plan, type PlannedStage, type Unexpanded } from '../plan/plan.ts';
import { stageResults } from '../plan/stage-results.ts';
import { err, ok, type Result } from '../result.ts';
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
  const scope = { trigger: plan.trigger, inputs: plan.inputs, run: null, stage: stageResults(state) };
  const combined = combinationsOf(rules, { ...scope, env: envLookup([plan.env], scope) });
  if (!combined.ok) return combined;
  const total = Object.keys(state.stages).length + combined.value.length;
  if (total > maxStages) {
    return err(
      `matrix: with its ${combined.value.length} combinations the run would have ${total} stages, ` +
        `and at most ${maxStages} can be run: shorten the lists, or split the pipeline`,
    );
  }
  const combinations = combined.value.map(({ name, values }) => {
    if (each.concurrency === undefined) return { name, values };
    const its = { ...scope, matrix: values };
    const within: Scope = { ...its, env: envLookup([plan.env, each.env], its) };
    const group = renderKnownParts(each.concurrency.group, within);
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
export function gatherEnds(state: RunState, combinations: readonly string[], at: number): StageEnd {
  const ends = combinations.flatMap((id) => {
    const end = state.stages[id];
    return end !== undefined && isStageEnd(end) ? [{ id, end }] : [];
  });
  const failed = ends.flatMap(({ id, end }) => (end.status === 'failed' ? [{ id, end }] : []));
  const startedAt = ends.reduce(
    (first, { end }) => ('startedAt' in end ? Math.min(first, end.startedAt) : first),
    at,
  );
  const worst = failed.find(({ end }) => !end.allowed) ?? failed[0];
  const cancelled = ends.find(({ end }) => end.status === 'cancelled');
  if (worst !== undefined && (!worst.end.allowed || cancelled === undefined)) {
    const names = failed.filter(({ end }) => end.allowed === worst.end.allowed).map(({ id }) => id);
    const message = `${names.length} of ${combinations.length} combinations failed: ${listOf(names)}`;
    return {
      status: 'failed',
      attempt: 1,
      startedAt,
      finishedAt: at,
      failure: { class: worst.end.failure.class, message, exitCode: worst.end.failure.exitCode },
      steps: [],
      allowed: worst.end.allowed,
    };
  }
  if (cancelled?.end.status === 'cancelled')
    return { status: 'cancelled', finishedAt: at, reason: cancelled.end.reason, steps: [] };
  const [first] = ends;
  if (first?.end.status === 'skipped' && ends.every(({ end }) => end.status === 'skipped'))
    return { status: 'skipped', finishedAt: at, reason: first.end.reason };
  const count = ends.filter(({ end }) => end.status === 'succeeded').length;
  const reason = `${count} of ${combinations.length} combinations succeeded${count < ends.length ? ', the others were skipped' : ''}`;
  const outputs = gatherOutputs(ends.map(({ end }) => end));
  return { status: 'succeeded', attempt: 1, startedAt, finishedAt: at, outputs, steps: [], reason };
}

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

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
