import type {
  Concurrency,
  MatrixWork,
  PipelineDefinition,
  StageDefinition,
  UseWork,
} from '../language/definition.ts';
import { renderKnownParts } from '../language/expression/render-template.ts';
import type { Scope } from '../language/expression/scope.ts';
import { ok, type Result } from '../result.ts';
import { matchTrigger } from '../trigger/match-trigger.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { checkInputs, defaultInputs, type InputProblem } from './check-inputs.ts';
import { knownMatrix } from './combine.ts';
import { decideStage, type Before } from './decide-stage.ts';
import { combinationsOf, combinationStage, gatheringStage, renderMatrix } from './expand-matrix.ts';
import { multiplyUses } from './multiply-uses.ts';
import { maxNeeds, maxStages, type Plan, type PlannedStage, type PlanOutcome } from './plan.ts';
import { planLevels, type PlanLevels } from './plan-levels.ts';
import { renderPipelineEnv, renderStage } from './render-stage.ts';
import { sortStages } from './sort-stages.ts';
import { templateLine } from './templates-of.ts';
import { knownIn, scopeIn, type Known, type StageContext } from './stage-context.ts';

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

  const known: Known = { trigger, run: null, stage: null };
  const env = renderPipelineEnv(definition.env, { ...known, inputs: inputs.value }, leaveUnknown);
  const stages = planStages(definition.stages, { inputs: inputs.value, env }, known);
  const scope = scopeIn({ inputs: inputs.value, env, within: null }, known);
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
      ...(definition.notify === undefined ? {} : { notify: definition.notify }),
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

function planStages(
  written: readonly StageDefinition[],
  pipeline: Pick<StageContext, 'inputs' | 'env'>,
  known: Known,
): readonly PlannedStage[] {
  const stages = multiplyUses(written, pipeline, known);
  const excluded = new Set<string>();
  const mayFail = new Set<string>();
  const room: Room = { left: maxStages - stages.length, needs: maxNeeds - needsOf(stages) };
  const levels = planLevels(stages, pipeline, known, (needs) => ({
    isExcluded: (id) => excluded.has(id),
    canFail: needs.some((need) => mayFail.has(need.stage)),
  }));
  return sortStages(stages).flatMap((stage) => {
    const level = levels.of(stage);
    const canFail = stage.needs.some((need) => mayFail.has(need.stage));
    const before: Before = { isExcluded: (id) => excluded.has(id), canFail, obstacle: level.obstacle };
    const planned =
      stage.work.kind === 'use'
        ? [planUse(stage, stage.work, levels, excluded)]
        : stage.work.kind === 'matrix'
          ? [planGathering(stage, stage.work, level.context, known, before)]
          : planStage(stage, level.context, known, before, room);
    const isIncluded = planned.at(-1)?.decision.included === true;
    if (!isIncluded) excluded.add(stage.id);
    if (canFail || isIncluded) mayFail.add(stage.id);
    return planned;
  });
}

/** The stage that stands for those of a template: it is planned after them. */
function planUse(
  stage: StageDefinition,
  work: UseWork,
  levels: PlanLevels,
  excluded: ReadonlySet<string>,
): PlannedStage {
  const { id, needs, timeoutMs, retry, allowFailure, within } = stage;
  const { entry, inputs } = levels.entryOf(id);
  const running = work.stages.filter((member) => !excluded.has(member)).length;
  const decision = !entry.decision.included
    ? entry.decision
    : running === 0
      ? { included: false, reasons: ['none of its stages runs'] }
      : {
          included: true,
          reasons: [
            `when its ${countOf(running, work.stages.length)} stages of ${templateLine(work.template)} have ended`,
          ],
        };
  return {
    id,
    needs,
    if: null,
    timeoutMs,
    retry,
    allowFailure,
    decision,
    env: {},
    work: { ...work, inputs, entry: { ...work.entry, if: entry.if } },
    ...(within === undefined ? {} : { within }),
    ...(work.combination === undefined ? {} : { combination: work.combination }),
  };
}

/** The stage that stands for all combinations of one that uses a template; it is planned after them. */
function planGathering(
  stage: StageDefinition,
  { stages, problem }: MatrixWork,
  context: StageContext,
  known: Known,
  before: Before,
): PlannedStage {
  const combinations = stages ?? [];
  const left: Before = { ...before, isExcluded: (id) => !combinations.includes(id) && before.isExcluded(id) };
  const planned = planOne(stage, context, known, left);
  if (!planned.decision.included || problem !== undefined) return planned;
  const running = combinations.filter((id) => !before.isExcluded(id)).length;
  const reason =
    combinations.length === 0
      ? 'its matrix has no combination: a list is empty'
      : running === 0
        ? 'none of its combinations runs'
        : `when its ${countOf(running, combinations.length)} combinations have ended`;
  return { ...planned, decision: { included: running > 0, reasons: [reason] } };
}

const countOf = (running: number, all: number): string =>
  running === all ? `${running}` : `${running} of ${all}`;

/** One stage; with a matrix, its combinations and then the stage that stands for them. */
function planStage(
  stage: StageDefinition,
  context: StageContext,
  known: Known,
  before: Before,
  room: Room,
): readonly PlannedStage[] {
  if (stage.matrix === null) return [planOne(stage, context, known, before)];
  const scope = scopeIn(context, known);
  const rendered = renderMatrix(stage.matrix, scope);
  const rules = rendered.ok ? rendered.value : stage.matrix;
  const combined = knownMatrix(rules) === null ? null : combinationsOf(rules, scope);
  // What cannot be made, or not yet, is made when the stage's needs have ended, and says then what is wrong.
  if (
    combined === null ||
    !combined.ok ||
    combined.value.length === 0 ||
    !fits(room, stage, combined.value.length)
  ) {
    const each = planOne(stage, context, known, before);
    const work = { kind: 'matrix', stages: null } as const;
    const { decision } = each;
    const why = combined?.ok === false ? combined.error : 'its combinations are known then';
    const reasons = decision.included ? [...decision.reasons, why] : decision.reasons;
    return [{ ...each, work, decision: { ...decision, reasons }, unexpanded: { rules, each } }];
  }
  room.left -= combined.value.length;
  room.needs -= combined.value.length * stage.needs.length;
  const combinations = combined.value.map((combination) => {
    const { combination: its, ...named } = combinationStage(stage, combination);
    return { ...planOne(named, context, { ...known, matrix: its.values }, before), combination: its };
  });
  const all = gatheringStage(
    planOne({ ...stage, if: null }, context, known, before),
    combinations.map(({ id }) => id),
  );
  return [...combinations, { ...all, decision: decideTogether(combinations) }];
}

/** What is left for the combinations of matrices. */
interface Room {
  left: number;
  needs: number;
}

const needsOf = (stages: readonly StageDefinition[]): number =>
  stages.reduce((sum, { needs }) => sum + needs.length, 0);

const fits = (room: Room, { needs }: StageDefinition, combinations: number): boolean =>
  combinations <= room.left && combinations * needs.length <= room.needs;

/** The stage runs as soon as one of its combinations does. */
function decideTogether(combinations: readonly PlannedStage[]): PlannedStage['decision'] {
  const running = combinations.filter(({ decision }) => decision.included).length;
  const [first] = combinations;
  if (running === 0) return { included: false, reasons: first?.decision.reasons ?? [] };
  const count = countOf(running, combinations.length);
  return { included: true, reasons: [`when its ${count} combinations have ended`] };
}

function planOne(stage: StageDefinition, context: StageContext, known: Known, before: Before): PlannedStage {
  const scope = scopeIn(context, known, stage.env);
  const early = decideStage(stage, scope, before);
  const rendered = renderStage(stage, context.env, knownIn(context, known), leaveUnknown);
  const { id, needs, timeoutMs, retry, allowFailure, within } = stage;
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
    ...(within === undefined ? {} : { within }),
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
