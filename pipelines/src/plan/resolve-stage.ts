// What can only be said when the stages before have ended: whether a stage runs, and its last templates.
import { compileExpression, type StatusFacts } from '../language/expression/compile-expression.ts';
import { describeValues, evaluateCondition } from '../language/expression/evaluate-condition.ts';
import { renderTemplate } from '../language/expression/render-template.ts';
import type { RunIdentity, Scope } from '../language/expression/scope.ts';
import { reduceStepCondition } from '../language/expression/step-condition.ts';
import type { Expression, StageWork, StepDefinition } from '../language/definition.ts';
import { err, ok, type Result } from '../result.ts';
import { findStage } from '../run/find-stage.ts';
import { isStageEnd, type RunState } from '../run/run-state.ts';
import type { Plan, PlannedStage } from './plan.ts';
import { renderPipelineEnv, renderStage } from './render-stage.ts';
import { contextOf, knownIn, ofCombination, scopeIn } from './stage-context.ts';
import { stageResults, stageState } from './stage-results.ts';
import { wholePlan } from './whole-plan.ts';

export interface StageConditionResult {
  readonly runs: boolean;
  /** For people: the expression with its values, or which need holds the stage back. */
  readonly reason: string;
}

/**
 * Whether a stage runs, asked once all its needs have ended. The error is a condition that has no value, such as
 * one that asks for an output that was never given.
 */
export function stageCondition(
  frozen: Plan,
  state: RunState,
  stageId: string,
): Result<StageConditionResult, string> {
  const plan = wholePlan(frozen, state);
  const stage = findStage(plan, stageId);
  if (stage === undefined) return err(`the plan has no stage "${stageId}"`);
  if (!stage.decision.included) return ok({ runs: false, reason: stage.decision.reasons.join('; ') });
  // A condition may not name `run.*`: it would make a re-run take another way.
  const known = { trigger: plan.trigger, run: null, stage: stageResults(state), ...matrixOf(stage) };
  const context = contextOf(plan, stage, (id) => findStage(plan, id), known);
  if (!context.ok) return context;
  if (stage.within !== undefined) {
    const entry = entryCondition(plan, state, stage.within);
    if (!entry.ok || !entry.value.runs) return entry;
  }
  return conditionOf(plan, state, stage, scopeIn(context.value, known, stage.env));
}

/** Whether the template of a stage with `use` runs, as its `if` and `needs` say; templates around it are asked first. */
function entryCondition(plan: Plan, state: RunState, id: string): Result<StageConditionResult, string> {
  const user = findStage(plan, id);
  if (user?.work.kind !== 'use') return err(`the plan has no stage "${id}" that uses a template`);
  if (user.within !== undefined) {
    const outer = entryCondition(plan, state, user.within);
    if (!outer.ok || !outer.value.runs) return outer;
  }
  const known = { trigger: plan.trigger, run: null, stage: stageResults(state) };
  const context = contextOf(plan, user, (each) => findStage(plan, each), known);
  if (!context.ok) return context;
  const before = { id, needs: user.work.entry.needs, if: user.work.entry.if };
  // Once it has begun, a cancel is a matter of each of its stages: what cleans up is in there too.
  const entry = conditionOf(
    plan,
    { ...state, cancel: null },
    before,
    scopeIn(context.value, ofCombination(known, user.work)),
    state.cancel !== null,
  );
  if (!entry.ok || entry.value.runs) return entry;
  return ok({ runs: false, reason: `${id} does not run: ${entry.value.reason}` });
}

type Conditional = Pick<PlannedStage, 'id' | 'needs' | 'if' | 'unexpanded'>;

function conditionOf(
  plan: Plan,
  state: RunState,
  stage: Conditional,
  scope: Scope,
  isCancelled = state.cancel !== null,
): Result<StageConditionResult, string> {
  const obstacle = whyNotSuccess(stage, state);
  if (stage.if === null) {
    return ok(
      obstacle === null ? { runs: true, reason: whySuccess(stage) } : { runs: false, reason: obstacle },
    );
  }
  const expression = compileExpression(stage.if);
  if (!expression.ok) return err(expression.error[0]?.message ?? `${stage.if} is not an expression`);
  if (!expression.value.usesStatus && obstacle !== null) return ok({ runs: false, reason: obstacle });
  // Each combination decides for itself, as soon as there are any.
  const isOfEach = expression.value.references.some(({ path }) => path[0] === 'matrix');
  if (stage.unexpanded !== undefined && isOfEach)
    return ok({ runs: true, reason: `${stage.if} is asked of each combination` });
  const status: StatusFacts = {
    success: obstacle === null,
    failure: expression.value.usesStatus && state.cancel === null && anyAncestorFailed(plan, state, stage),
    cancelled: isCancelled,
  };
  const runs = evaluateCondition(expression.value, scope, status);
  if (!runs.ok) return runs;
  const values = describeValues(stage.if, scope);
  const reason = `${stage.if} is ${runs.value}${values === '' ? '' : `: ${values}`}`;
  return ok({ runs: runs.value, reason });
}

/**
 * The stage with nothing left to fill in: outputs of ended stages, the run's identity, steps' conditions reduced
 * to what a worker can decide. Its `env` holds the pipeline's too. The error names the template without a value.
 */
export function resolveStage(
  frozen: Plan,
  state: RunState,
  stageId: string,
  run: RunIdentity,
): Result<PlannedStage, string> {
  const plan = wholePlan(frozen, state);
  const stage = findStage(plan, stageId);
  if (stage === undefined) return err(`the plan has no stage "${stageId}"`);
  const known = { trigger: plan.trigger, run, stage: stageResults(state), ...matrixOf(stage) };
  const found = contextOf(plan, stage, (id) => findStage(plan, id), known);
  if (!found.ok) return found;
  const context = found.value;
  const forStep = (step: StepDefinition): Scope => scopeIn(context, known, stage.env, step.env);
  // Conditions first: after rendering, text from outside may look like a template, and must not become one.
  const reduced = reduceConditions(stage.work, scopeIn(context, known, stage.env), forStep);
  if (!reduced.ok) return err(`stage "${stageId}": ${reduced.error}`);
  const scope = knownIn(context, known);
  const rendered = renderStage({ env: stage.env, work: reduced.value }, context.env, scope, renderTemplate);
  if (!rendered.ok) return err(`stage "${stageId}": ${rendered.error}`);
  const outerEnv = renderPipelineEnv(context.env, scope, renderTemplate);
  return ok({ ...stage, env: { ...outerEnv, ...rendered.value.env }, work: rendered.value.work });
}

/** Null when every need lets the stage pass. */
function whyNotSuccess(stage: Conditional, state: RunState): string | null {
  if (state.cancel !== null) return `the run was cancelled by ${state.cancel.by}: ${state.cancel.reason}`;
  for (const need of stage.needs) {
    if (need.optional) continue;
    const needed = stageState(state, need.stage);
    if (needed?.status === 'succeeded' || (needed?.status === 'failed' && needed.allowed)) continue;
    const fate = needed === undefined || !isStageEnd(needed) ? 'has not ended' : pastTense[needed.status];
    return `needs ${need.stage}, which ${fate}`;
  }
  return null;
}

const pastTense = {
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'was cancelled',
  skipped: 'was skipped',
} as const;

const whySuccess = (stage: Conditional): string =>
  stage.needs.length === 0
    ? 'needs no other stage'
    : `${stage.needs.map((need) => need.stage).join(', ')} ended well enough`;

/** Looks upwards through all needs, direct or not. */
function anyAncestorFailed(plan: Plan, state: RunState, stage: Conditional): boolean {
  const seen = new Set<string>();
  const open = stage.needs.map((need) => need.stage);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const ended = stageState(state, id);
    if (ended?.status === 'failed' && !ended.allowed) return true;
    for (const need of findStage(plan, id)?.needs ?? []) open.push(need.stage);
  }
  return false;
}

const matrixOf = ({ combination }: PlannedStage): Pick<Scope, 'matrix'> =>
  combination === undefined ? {} : { matrix: combination.values };

function reduceConditions(
  work: StageWork,
  scope: Scope,
  forStep: (step: StepDefinition) => Scope,
): Result<StageWork, string> {
  if (work.kind !== 'steps') return ok(work);
  const steps: StepDefinition[] = [];
  for (const step of work.steps) {
    const condition = reduceCondition(step.if, forStep(step));
    if (!condition.ok) return err(`step "${step.name}": ${condition.error}`);
    steps.push({ ...step, if: condition.value });
  }
  const reduced = { ...work, steps };
  const artifacts = work.keeps?.artifacts ?? null;
  if (work.keeps === undefined || artifacts === null) return ok(reduced);
  const condition = reduceCondition(artifacts.if, scope);
  if (!condition.ok) return err(`artifacts: ${condition.error}`);
  return ok({ ...reduced, keeps: { ...work.keeps, artifacts: { ...artifacts, if: condition.value } } });
}

/** Null stays null: `success()`. */
function reduceCondition(condition: Expression | null, scope: Scope): Result<Expression | null, string> {
  if (condition === null) return ok(null);
  const expression = compileExpression(condition);
  if (!expression.ok) return err(expression.error[0]?.message ?? `${condition} is not an expression`);
  return reduceStepCondition(expression.value, scope);
}
