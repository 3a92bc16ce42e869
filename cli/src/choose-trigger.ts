// The event that `sluice plan` and `sluice run` plan for, from what a person wrote on the command line.
import type { PipelineDefinition } from '@sluice/pipelines/language/definition';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { Commit, Trigger } from '@sluice/pipelines/trigger/trigger';

export interface TriggerWishes {
  /** `push` (default), `tag`, `pull_request`, `schedule` (the first of the file) or `manual`; a tag means `tag`. */
  readonly event?: string | undefined;
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
  /** Changed files; not given: not known, so every path filter lets the push pass. */
  readonly changed?: readonly string[] | undefined;
  readonly inputs?: Readonly<Record<string, string>> | undefined;
}

/** What stands at the place of a forge's words. */
export interface TriggerFacts {
  readonly repository: string;
  readonly actor: string;
  readonly commit: Commit;
}

/** Nothing was pushed yet, so the commit is a stand-in. */
export const noFacts: TriggerFacts = {
  repository: 'local/checkout',
  actor: 'you',
  commit: { sha: '0'.repeat(40), message: '', author: 'you' },
};

/** The error is a sentence for people. `now`: milliseconds since the epoch. */
export function chooseTrigger(
  wishes: TriggerWishes,
  definition: PipelineDefinition | null,
  now: number,
  facts: TriggerFacts = noFacts,
): Result<Trigger, string> {
  const { branch = 'main', tag, changed, inputs = {} } = wishes;
  switch (tag !== undefined && wishes.event !== 'manual' ? 'tag' : (wishes.event ?? 'push')) {
    case 'push':
      return ok({ ...facts, event: 'push', branch, changedFiles: changed ?? null });
    case 'tag':
      return tag === undefined
        ? err('The event "tag" needs the name of a tag: add --tag.')
        : ok({ ...facts, event: 'tag', tag });
    case 'pull_request':
      return ok({
        ...facts,
        event: 'pull_request',
        number: 1,
        title: '',
        branch: 'change',
        targetBranch: branch,
        fromFork: false,
      });
    case 'schedule': {
      const [first] = definition?.on.schedule ?? [];
      const { cron, timezone } = first ?? { cron: '', timezone: 'UTC' };
      return ok({ ...facts, event: 'schedule', branch, cron, timezone, dueAt: now });
    }
    case 'manual':
      return ok({ ...facts, event: 'manual', branch, inputs });
    default:
      return err(
        `There is no event "${wishes.event ?? ''}". Use push, tag (with --tag), pull_request, schedule or manual.`,
      );
  }
}
