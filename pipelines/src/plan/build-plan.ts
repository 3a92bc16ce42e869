import type { Concurrency, EnvValue, PipelineDefinition, StageDefinition } from '../language/definition.ts';
import { envLookup } from '../language/expression/env-lookup.ts';
import { renderKnownParts } from '../language/expression/render-template.ts';
import type { Scope } from '../language/expression/scope.ts';
import { ok, type Result } from '../result.ts';
import { matchTrigger } from '../trigger/match-trigger.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { checkInputs, defaultInputs } from './check-inputs.ts';
import { decideStage } from './decide-stage.ts';
import type { Plan, PlannedStage, PlanOutcome } from './plan.ts';
import { renderPipelineEnv, renderStage } from './render-stage.ts';
import { sortStages } from './sort-stages.ts';

/**
 * Decides once what an event runs. Conditions and templates over the trigger are settled here; those over
 * results of stages are left for `stageCondition` and `resolveStage`. Takes time linear in stages and needs.
 */
export function buildPlan(definition: PipelineDefinition, trigger: Trigger): PlanOutcome {
  const match = matchTrigger(definition.on, trigger);
  if (!match.matches) return { kind: 'filtered', reasons: match.reasons };
  const inputs = inputsOf(definition, trigger);
  if (!inputs.ok) return { kind: 'filtered', reasons: inputs.error };

  const known = { trigger, inputs: inputs.value, run: null, stage: null };
  const env = renderPipelineEnv(definition.env, known, leaveUnknown);
  const stages = planStages(definition.stages, env, known);
  const scope: Scope = { ...known, env: envLookup([env], known) };
  return {
    kind: 'planned',
    plan: {
      pipeline: definition.name,
      trigger,
      inputs: inputs.value,
      env,
      ...(definition.priority === null ? {} : { priority: definition.priority }),
      ...planConcurrency(definition.concurrency, scope),
      stages,
    },
  };
}

function inputsOf(
  definition: PipelineDefinition,
  trigger: Trigger,
): Result<Plan['inputs'], readonly string[]> {
  const rules = definition.on.manual;
  if (trigger.event !== 'manual' || rules === null) return ok(defaultInputs(rules));
  return checkInputs(rules, trigger.inputs);
}

type Env = Readonly<Record<string, EnvValue>>;

function planStages(
  stages: readonly StageDefinition[],
  env: Env,
  known: Omit<Scope, 'env'>,
): readonly PlannedStage[] {
  const excluded = new Set<string>();
  const mayFail = new Set<string>();
  return sortStages(stages).map((stage) => {
    const canFail = stage.needs.some((need) => mayFail.has(need.stage));
    const scope: Scope = { ...known, env: envLookup([env, stage.env], known) };
    const early = decideStage(stage, scope, { isExcluded: (id) => excluded.has(id), canFail });
    if (!early.decision.included) excluded.add(stage.id);
    if (canFail || early.decision.included) mayFail.add(stage.id);
    const rendered = renderStage(stage, env, known, leaveUnknown);
    const { id, needs, timeoutMs, retry, allowFailure } = stage;
    const filled = rendered.ok ? rendered.value : { env: stage.env, work: stage.work };
    return {
      id,
      needs,
      if: early.if,
      timeoutMs,
      retry,
      allowFailure,
      decision: early.decision,
      ...filled,
      ...(stage.pool === null ? {} : { pool: stage.pool }),
      ...planConcurrency(stage.concurrency, scope),
    };
  });
}

function planConcurrency(rule: Concurrency | null, scope: Scope): Pick<Plan, 'concurrency'> {
  if (rule === null) return {};
  const group = leaveUnknown(rule.group, scope);
  return { concurrency: { ...rule, group: group.ok ? group.value : rule.group } };
}

/** A part that has no value keeps its place: resolving the stage says why, at the stage that it concerns. */
const leaveUnknown = (template: string, scope: Scope): Result<string, string> => {
  const rendered = renderKnownParts(template, scope);
  return rendered.ok ? rendered : ok(template);
};
