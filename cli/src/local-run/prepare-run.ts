// From a file and options to what will be carried out, or to what is to be mended first. Nothing is begun here.
import type { PipelineDefinition } from '@sluice/pipelines/language/definition';
import { buildPlan } from '@sluice/pipelines/plan/build-plan';
import { chooseStages, type ChosenStages } from '@sluice/pipelines/plan/choose-stages';
import { fitPlan, type LocalPlace } from '@sluice/pipelines/plan/fit-plan';
import type { Plan } from '@sluice/pipelines/plan/plan';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { StageEnd } from '@sluice/pipelines/run/run-state';
import { chooseTrigger } from '../choose-trigger.ts';
import { keptEnds, type LastRun } from './last-run.ts';
import type { CheckoutFacts } from './read-checkout.ts';
import type { RunOptions } from './read-options.ts';

export interface PreparedRun {
  readonly plan: Plan;
  /** Ends of stages that are not carried out again. */
  readonly kept: Readonly<Record<string, StageEnd>>;
  /** What is otherwise than on a server, a line each. */
  readonly notes: readonly string[];
}

export type Preparation =
  | { readonly kind: 'prepared'; readonly run: PreparedRun }
  /** The event starts nothing. */
  | { readonly kind: 'filtered'; readonly lines: readonly string[] };

/** The error is sentences for people, a line each. */
export function prepareRun(
  definition: PipelineDefinition,
  options: Pick<RunOptions, 'wishes' | 'only' | 'from' | 'matrix' | 'inPlace'>,
  facts: CheckoutFacts,
  place: LocalPlace,
  last: LastRun | null,
  now: number,
): Result<Preparation, readonly string[]> {
  const { wishes, from } = options;
  const branch = wishes.branch ?? facts.branch ?? 'main';
  const trigger = chooseTrigger({ ...wishes, branch }, definition, now, facts);
  if (!trigger.ok) return err([trigger.error]);
  const outcome = buildPlan(definition, trigger.value);
  if (outcome.kind === 'filtered' && outcome.inputs !== undefined) return err(outcome.reasons);
  if (outcome.kind === 'filtered') {
    const hint = 'Another event is chosen with --event, --branch or --tag.';
    return ok({
      kind: 'filtered',
      lines: ['Nothing runs:', ...outcome.reasons.map((each) => `  ${each}`), hint],
    });
  }
  const chosen = chooseStages(outcome.plan, options);
  if (!chosen.ok) return err([chosen.error]);
  const kept = keptEnds(withoutBuilds(chosen.value), from ?? '', last, now);
  if (!kept.ok) return err([kept.error]);
  const fitted = fitPlan(chosen.value.plan, place);
  const refusals = [...fitted.refusals, ...(options.inPlace ? refusedInPlace(fitted.plan) : [])];
  if (refusals.length > 0) return err(refusals);
  return ok({ kind: 'prepared', run: { plan: fitted.plan, kept: kept.value, notes: fitted.changes } });
}

/** Images do not outlive their run here: what stands on one builds it again. */
const withoutBuilds = ({ plan, keeps }: ChosenStages): ReadonlySet<string> =>
  new Set(plan.stages.flatMap(({ id, work }) => (keeps.has(id) && work.kind !== 'build' ? [id] : [])));

/** Whether anything of the plan needs a Docker engine. */
export function needsDocker({ stages }: Plan): boolean {
  return stages.some(({ decision, unexpanded, work: own }) => {
    const work = unexpanded?.each.work ?? own;
    const isImage = work.kind === 'steps' && work.image !== null;
    return decision.included && (isImage || work.kind === 'build' || work.kind === 'scan');
  });
}

function refusedInPlace({ stages }: Plan): readonly string[] {
  return stages.flatMap(({ id, unexpanded, work: own }) => {
    const work = unexpanded?.each.work ?? own;
    if (work.kind !== 'steps' || work.user === null) return [];
    return [
      `stage "${id}" runs as user "${work.user}", to whom --in-place would give your files: leave it away`,
    ];
  });
}
