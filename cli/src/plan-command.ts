import type { PipelineDefinition } from '@sluice/pipelines/language/definition';
import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import type { ParsedFile } from '@sluice/pipelines/language/parse-pipelines';
import { buildPlan } from '@sluice/pipelines/plan/build-plan';
import { explainPlan, explainSchedules } from '@sluice/pipelines/plan/explain-plan';
import type { PlanOutcome } from '@sluice/pipelines/plan/plan';
import type { NormalisedDelivery } from '@sluice/pipelines/trigger/trigger';
import { ok, type Result } from '@sluice/pipelines/result';
import { chooseTrigger, type TriggerWishes } from './choose-trigger.ts';
import { isEventFile, readEventFile } from './event-file.ts';
import { printDiagnostics } from './lint-command.ts';
import { readPipelines } from './read-pipelines.ts';
import type { Terminal } from './terminal.ts';

export interface PlanCommandOptions extends TriggerWishes {
  /** Not given: every pipeline of the repository in this folder. */
  readonly file?: string | undefined;
  readonly json: boolean;
  /** Milliseconds since the epoch: schedules are told from here on. */
  readonly now: number;
}

/**
 * Prints what would run for an event and why, by the same code as the server. Gives the exit code: 1 where a file
 * is broken or the event unknown, 0 also where nothing would run. As JSON, several pipelines are a list.
 */
export async function planCommand(options: PlanCommandOptions, io: Terminal): Promise<number> {
  const delivered = isEventFile(options.event) ? await readEventFile(options.event, io) : null;
  const known = delivered ?? asDelivered(options, null);
  if (!known.ok) {
    io.write(`${known.error}\n`);
    return 1;
  }
  const happened: Happened = (definition) => {
    const meant = delivered ?? asDelivered(options, definition);
    return meant.ok ? meant.value : known.value;
  };
  const read = await readPipelines(options.file === undefined ? [] : [options.file], io);
  const pipelines = read.filter((each) => each !== null);
  if (options.json) printJson(pipelines, happened, io);
  else for (const each of pipelines) printPlan(each, happened, options.now, io, pipelines.length > 1);
  return read.every((each) => each !== null && each.definition !== null) ? 0 : 1;
}

/** What has happened, with the inputs that a pipeline asks for. */
type Happened = (definition: PipelineDefinition) => NormalisedDelivery;

function printJson(pipelines: readonly ParsedFile[], happened: Happened, io: Terminal): void {
  const outcomes = pipelines.map((each) => outcomeOf(each, happened));
  const [only, second] = outcomes;
  if (only !== undefined) io.write(`${JSON.stringify(second === undefined ? only : outcomes, null, 2)}\n`);
}

function printPlan(
  pipeline: ParsedFile,
  happened: Happened,
  now: number,
  io: Terminal,
  isNamed: boolean,
): void {
  printDiagnostics(pipeline.diagnostics, io);
  if (pipeline.isTemplate === true)
    io.write(`${pipeline.file} is a template. Plan the pipeline that uses it.\n`);
  const outcome = outcomeOf(pipeline, happened);
  if (outcome.kind === 'broken' || pipeline.definition === null) return;
  const lines = [...explainPlan(outcome), ...explainSchedules(pipeline.definition, now)];
  io.write(`${isNamed ? `${pipeline.file}\n` : ''}${lines.join('\n')}\n`);
}

type Outcome =
  | (PlanOutcome & { readonly diagnostics: readonly Diagnostic[] })
  | { readonly kind: 'broken'; readonly diagnostics: readonly Diagnostic[] };

function outcomeOf({ definition, diagnostics }: ParsedFile, happened: Happened): Outcome {
  if (definition === null) return { kind: 'broken', diagnostics };
  const meaning = happened(definition);
  const outcome: PlanOutcome =
    meaning.kind === 'trigger'
      ? buildPlan(definition, meaning.trigger)
      : { kind: 'filtered', reasons: [meaning.reason] };
  return { ...outcome, diagnostics };
}

function asDelivered(
  options: PlanCommandOptions,
  definition: PipelineDefinition | null,
): Result<NormalisedDelivery, string> {
  const trigger = chooseTrigger(options, definition, options.now);
  return trigger.ok ? ok({ kind: 'trigger', trigger: trigger.value }) : trigger;
}
