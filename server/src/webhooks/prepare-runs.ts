import { checkChannels } from '@sluice/pipelines/language/check-channels';
import type { ManualRules, PipelineDefinition } from '@sluice/pipelines/language/definition';
import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import { pipelineFolder, pipelinePath, type LoadedPipeline } from '@sluice/pipelines/language/load-pipelines';
import type { ParsedFile } from '@sluice/pipelines/language/parse-pipelines';
import type { ChannelKind } from '@sluice/pipelines/notify/notify-event';
import { buildPlan } from '@sluice/pipelines/plan/build-plan';
import type { Plan, PlanOutcome } from '@sluice/pipelines/plan/plan';
import type { Commit, Trigger } from '@sluice/pipelines/trigger/trigger';
import type { NewRun } from '../orchestrator/start-run.ts';
import type { Mirrors, RepositoryToRead } from '../repositories/mirrors.ts';
import { parseInTurns } from '../repositories/parse-in-turns.ts';
import type { RepositoryProblem } from '../repositories/repository-problem.ts';

/** What a trigger leads to, before anything is started. */
export type PreparedRuns =
  /** One for each file, in the order of their paths; at least one. */
  | { readonly kind: 'read'; readonly pipelines: readonly PreparedPipeline[] }
  | { readonly kind: 'no-file'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly problem: RepositoryProblem };

export type PreparedPipeline = Prepared &
  /** Warnings alone, the first of them. */
  (
    | { readonly kind: 'planned'; readonly plan: Plan; readonly diagnostics: readonly Diagnostic[] }
    | { readonly kind: 'broken'; readonly diagnostics: readonly Diagnostic[] }
    | Extract<PlanOutcome, { readonly kind: 'filtered' }>
  );

interface Prepared {
  readonly file: string;
  /** Its name, or its file where it could not be read. */
  readonly pipeline: string;
  /** Null: it cannot be started by hand. */
  readonly manual: ManualRules | null;
}

/** A run is read at each of its steps, and with it its warnings. */
const mostWarnings = 20;

/**
 * Reads the pipeline files at the trigger's commit and plans each. `readChannels`: kinds by name, asked only where a
 * pipeline names channels.
 */
export async function prepareRuns(
  mirrors: Pick<Mirrors, 'readPipelines'>,
  repository: RepositoryToRead,
  trigger: Trigger,
  readChannels: () => Promise<ReadonlyMap<string, ChannelKind>>,
): Promise<PreparedRuns> {
  const loaded = await mirrors.readPipelines(repository, trigger.commit.sha);
  if (!loaded.ok) return { kind: 'unreadable', problem: loaded.error };
  if (loaded.value.length === 0) return { kind: 'no-file', reason: noPipelineFile(trigger.commit) };
  const parsed = await parseInTurns(loaded.value);
  const known = await withKnownChannels(readChannels, loaded.value, parsed);
  return { kind: 'read', pipelines: known.map((each) => prepare(each, trigger)) };
}

/** A pipeline that names a channel which nobody has made is broken: whoever was to be told would hear nothing. */
async function withKnownChannels(
  readChannels: () => Promise<ReadonlyMap<string, ChannelKind>>,
  loaded: readonly LoadedPipeline[],
  parsed: readonly ParsedFile[],
): Promise<readonly ParsedFile[]> {
  if (!parsed.some(({ definition }) => definition !== null && namesChannels(definition))) return parsed;
  const channels = await readChannels();
  return parsed.map((each) => {
    const its = loaded.find(({ file }) => file === each.file);
    if (each.definition === null || its === undefined) return each;
    const unknown = checkChannels(its, channels);
    if (unknown.length === 0) return each;
    return { ...each, definition: null, diagnostics: [...unknown, ...each.diagnostics] };
  });
}

const namesChannels = ({ notify, stages }: PipelineDefinition): boolean =>
  notify !== undefined || stages.some(({ work }) => work.kind === 'deploy' && work.notify !== undefined);

export const noPipelineFile = ({ sha }: Commit): string =>
  `There is no ${pipelinePath}, and no .yml in ${pipelineFolder}, at commit ${sha.slice(0, 10)}.`;

function prepare({ file, definition, diagnostics }: ParsedFile, trigger: Trigger): PreparedPipeline {
  if (definition === null) return { kind: 'broken', file, pipeline: file, manual: null, diagnostics };
  const { name, on } = definition;
  const outcome = buildPlan(definition, trigger);
  const which = { file, pipeline: name, manual: on.manual };
  return outcome.kind === 'filtered'
    ? { ...outcome, ...which }
    : { ...outcome, ...which, diagnostics: diagnostics.slice(0, mostWarnings) };
}

/** What a run is made of: a pipeline with errors is a failed run that shows them. */
export type StartablePipeline = Exclude<PreparedPipeline, { readonly kind: 'filtered' }>;

export const startable = (pipelines: readonly PreparedPipeline[]): readonly StartablePipeline[] =>
  pipelines.filter((each) => each.kind !== 'filtered');

/**
 * The same for an event that is meant for some pipelines only, such as a schedule: whether one with errors is among
 * them, nobody can tell, so it is left out where another one is.
 */
export function startableAlone(pipelines: readonly PreparedPipeline[]): readonly StartablePipeline[] {
  const planned = startable(pipelines).filter(({ kind }) => kind === 'planned');
  return planned.length > 0 ? planned : startable(pipelines);
}

export const contentOf = (prepared: StartablePipeline): NewRun['content'] =>
  prepared.kind === 'planned'
    ? { kind: 'planned', plan: prepared.plan, diagnostics: prepared.diagnostics }
    : { kind: 'broken', diagnostics: prepared.diagnostics };
