import type { PipelineDefinition } from '@sluice/pipelines/language/definition';
import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import { buildPlan } from '@sluice/pipelines/plan/build-plan';
import { explainPlan, explainSchedules } from '@sluice/pipelines/plan/explain-plan';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import { printDiagnostics, readPipelineFile } from './lint-command.ts';
import type { Terminal } from './terminal.ts';

export interface PlanCommandOptions {
  readonly file: string;
  /** `push` (default), `tag`, `pull_request`, `schedule` (the first of the file) or `manual`; a tag means `tag`. */
  readonly event?: string | undefined;
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
  /** Changed files; not given: not known, so every path filter lets the push pass. */
  readonly changed?: readonly string[] | undefined;
  readonly inputs?: Readonly<Record<string, string>> | undefined;
  readonly json: boolean;
  /** Milliseconds since the epoch: schedules are told from here on. */
  readonly now: number;
}

/**
 * Prints what would run for an event and why, by the same code as the server. Gives the exit code: 1 where the
 * file is broken or the event unknown, 0 also where nothing would run.
 */
export async function planCommand(options: PlanCommandOptions, io: Terminal): Promise<number> {
  const trigger = triggerFor(options, null, options.now);
  if (trigger === null) {
    io.write(
      `There is no event "${options.event ?? ''}". Use push, tag (with --tag), pull_request, schedule or manual.\n`,
    );
    return 1;
  }
  const text = await readPipelineFile(options.file, io);
  if (text === null) return 1;
  const { definition, diagnostics } = parsePipeline(text, options.file);
  if (definition === null && options.json)
    io.write(`${JSON.stringify({ kind: 'broken', diagnostics }, null, 2)}\n`);
  else if (!options.json) printDiagnostics(diagnostics, io);
  if (definition === null) return 1;
  const outcome = buildPlan(definition, triggerFor(options, definition, options.now) ?? trigger);
  const lines = [...explainPlan(outcome), ...explainSchedules(definition, options.now)];
  io.write(options.json ? `${JSON.stringify(outcome, null, 2)}\n` : `${lines.join('\n')}\n`);
  return 0;
}

/** Nothing was pushed yet, so the commit is a stand-in. */
function triggerFor(
  options: PlanCommandOptions,
  definition: PipelineDefinition | null,
  now: number,
): Trigger | null {
  const { branch = 'main', tag, changed, inputs = {} } = options;
  const base = {
    repository: 'local/checkout',
    actor: 'you',
    commit: { sha: '0'.repeat(40), message: '', author: 'you' },
  };
  switch (tag !== undefined && options.event !== 'manual' ? 'tag' : (options.event ?? 'push')) {
    case 'push':
      return { ...base, event: 'push', branch, changedFiles: changed ?? null };
    case 'tag':
      return tag === undefined ? null : { ...base, event: 'tag', tag };
    case 'pull_request':
      return {
        ...base,
        event: 'pull_request',
        number: 1,
        title: '',
        branch: 'change',
        targetBranch: branch,
        fromFork: false,
      };
    case 'schedule': {
      const [first] = definition?.on.schedule ?? [];
      const { cron, timezone } = first ?? { cron: '', timezone: 'UTC' };
      return { ...base, event: 'schedule', branch, cron, timezone, dueAt: now };
    }
    case 'manual':
      return { ...base, event: 'manual', branch, inputs };
    default:
      return null;
  }
}
