import type { Concurrency, EnvValue, PipelineDefinition, StageDefinition } from '../language/definition.ts';
import { envLookup } from '../language/expression/env-lookup.ts';
import { renderKnownParts } from '../language/expression/render-template.ts';
import type { Scope } from '../language/expression/scope.ts';
import { ok, type Result } from '../result.ts';
import { matchTrigger } from '../trigger/match-trigger.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { checkInputs, defaultInputs, type InputProblem } from './check-inputs.ts';
import { knownMatrix } from './combine.ts';
import { decideStage, type Before } from './decide-stage.ts';
import { combinationsOf, combinationStage, gatheringStage, renderMatrix } from './expand-matrix.ts';
import { maxStages, type Plan, type PlannedStage, type PlanOutcome } from './plan.ts';
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
  if (!inputs.ok) {
    const reasons = inputs.error.map(({ message }) => message);
    return { kind: 'filtered', reasons, inputs: inputs.error };
  }

  const known = { trigger, inputs: inputs.value, run: null, stage: null };
  const env = renderPipelineEnv(definition.env, known, leaveUnknown);
  const stages = planStages(definition.stages, env, known);
  const scope: Scope = { ...known, env: envLookup([env], known) };
  return {
    kind: 'planned',
    plan: {
      pipeline: definition.name,
      file: definition.file,
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
): Result<Plan['inputs'], readonly InputProblem[]> {
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
  const room = { left: maxStages - stages.length };
  return sortStages(stages).flatMap((stage) => {
    const canFail = stage.needs.some((need) => mayFail.has(need.stage));
    const before: Before = { isExcluded: (id) => excluded.has(id), canFail };
    const planned = planStage(stage, env, known, before, room);
    const isIncluded = planned.at(-1)?.decision.included === true;
    if (!isIncluded) excluded.add(stage.id);
    if (canFail || isIncluded) mayFail.add(stage.id);
    return planned;
  });
}

/** One stage; with a matrix, its combinations and then the stage that stands for them. */
function planStage(
  stage: StageDefinition,
  env: Env,
  known: Omit<Scope, 'env'>,
  before: Before,
  room: { left: number },
): readonly PlannedStage[] {
  if (stage.matrix === null) return [planOne(stage, env, known, before)];
  const scope: Scope = { ...known, env: envLookup([env], known) };
  const rendered = renderMatrix(stage.matrix, scope);
  const rules = rendered.ok ? rendered.value : stage.matrix;
  const combined = knownMatrix(rules) === null ? null : combinationsOf(rules, scope);
  // What cannot be made, or not yet, is made when the stage's needs have ended, and says then what is wrong.
  if (combined === null || !combined.ok || combined.value.length === 0 || combined.value.length > room.left) {
    const each = planOne(stage, env, known, before);
    const work = { kind: 'matrix', stages: null } as const;
    const { decision } = each;
    const why = combined?.ok === false ? combined.error : 'its combinations are known then';
    const reasons = decision.included ? [...decision.reasons, why] : decision.reasons;
    return [{ ...each, work, decision: { ...decision, reasons }, unexpanded: { rules, each } }];
  }
  room.left -= combined.value.length;
  const combinations = combined.value.map((combination) => {
    const { combination: its, ...named } = combinationStage(stage, combination);
    return { ...planOne(named, env, { ...known, matrix: its.values }, before), combination: its };
  });
  const all = gatheringStage(
    planOne({ ...stage, if: null }, env, known, before),
    combinations.map(({ id }) => id),
  );
  return [...combinations, { ...all, decision: decideTogether(combinations) }];
}

/** The stage runs as soon as one of its combinations does. */
function decideTogether(combinations: readonly PlannedStage[]): PlannedStage['decision'] {
  const running = combinations.filter(({ decision }) => decision.included).length;
  const [first] = combinations;
  if (running === 0) return { included: false, reasons: first?.decision.reasons ?? [] };
  const count = running === combinations.length ? `${running}` : `${running} of ${combinations.length}`;
  return { included: true, reasons: [`when its ${count} combinations have ended`] };
}

function planOne(stage: StageDefinition, env: Env, known: Omit<Scope, 'env'>, before: Before): PlannedStage {
  const scope: Scope = { ...known, env: envLookup([env, stage.env], known) };
  const early = decideStage(stage, scope, before);
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
