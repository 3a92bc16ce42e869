// A stage with `use` has no attempt of its own: it ends when the stages of its template have.
import { renderTemplate } from '../language/expression/render-template.ts';
import type { UseWork } from '../language/definition.ts';
import type { Plan } from '../plan/plan.ts';
import { contextOf, scopeIn } from '../plan/stage-context.ts';
import { stageResults } from '../plan/stage-results.ts';
import { findStage } from './find-stage.ts';
import { gatherEnds } from './gather-ends.ts';
import type { RunState, StageEnd } from './run-state.ts';

/** How it ends, now that they have; `at`: when the last one did. */
export const templateEnds = (plan: Plan, state: RunState, id: string, work: UseWork, at: number): StageEnd =>
  gatherEnds(state, work.stages, at, 'stages', () => outputsOf(plan, state, id, work));

/** One whose stage was skipped, or gave no such output, is not there: whoever reads it is told. */
function outputsOf(plan: Plan, state: RunState, id: string, work: UseWork): Readonly<Record<string, string>> {
  const known = { trigger: plan.trigger, run: null, stage: stageResults(state) };
  const context = contextOf(plan, { within: id }, (each) => findStage(plan, each), known);
  if (!context.ok) return {};
  const scope = scopeIn(context.value, known);
  const outputs: Record<string, string> = {};
  for (const [name, template] of Object.entries(work.outputs)) {
    const rendered = renderTemplate(template, scope);
    if (rendered.ok) outputs[name] = rendered.value;
  }
  return outputs;
}
