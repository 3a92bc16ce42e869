import type { PipelineDefinition } from '@sluice/pipelines/language/definition';
import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import { buildPlan } from '@sluice/pipelines/plan/build-plan';
import { explainPlan, explainSchedules } from '@sluice/pipelines/plan/explain-plan';
import type { PlanOutcome } from '@sluice/pipelines/plan/plan';
import type { NormalisedDelivery } from '@sluice/pipelines/trigger/trigger';
import { ok, type Result } from '@sluice/pipelines/result';
import { chooseTrigger, type TriggerWishes } from './choose-trigger.ts';
import { isEventFile, readEventFile } from './event-file.ts';
import { printDiagnostics, readPipelineFile } from './lint-command.ts';
import type { Terminal } from './terminal.ts';

export interface PlanCommandOptions extends TriggerWishes {
  readonly file: string;
  readonly json: boolean;
  /** Milliseconds since the epoch: schedules are told from here on. */
  readonly now: number;
}

/**
 * Prints what would run for an event and why, by the same code as the server. Gives the exit code: 1 where the
 * file is broken or the event unknown, 0 also where nothing would run.
 */
export async function planCommand(options: PlanCommandOptions, io: Terminal): Promise<number> {
  const delivered = isEventFile(options.event) ? await readEventFile(options.event, io) : null;
  const known = delivered ?? asDelivered(options, null);
  if (!known.ok) {
    io.write(`${known.error}\n`);
    return 1;
  }
  const text = await readPipelineFile(options.file, io);
  if (text === null) return 1;
  const { definition, diagnostics } = parsePipeline(text, options.file);
  if (definition === null && options.json)
    io.write(`${JSON.stringify({ kind: 'broken', diagnostics }, null, 2)}\n`);
  else if (!options.json) printDiagnostics(diagnostics, io);
  if (definition === null) return 1;
  const happened = delivered ?? asDelivered(options, definition);
  const meaning = happened.ok ? happened.value : known.value;
  const outcome: PlanOutcome =
    meaning.kind === 'trigger'
      ? buildPlan(definition, meaning.trigger)
      : { kind: 'filtered', reasons: [meaning.reason] };
  const lines = [...explainPlan(outcome), ...explainSchedules(definition, options.now)];
  io.write(
    options.json ? `${JSON.stringify({ ...outcome, diagnostics }, null, 2)}\n` : `${lines.join('\n')}\n`,
  );
  return 0;
}

function asDelivered(
  options: PlanCommandOptions,
  definition: PipelineDefinition | null,
): Result<NormalisedDelivery, string> {
  const trigger = chooseTrigger(options, definition, options.now);
  return trigger.ok ? ok({ kind: 'trigger', trigger: trigger.value }) : trigger;
}
