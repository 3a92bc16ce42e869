import type { ScheduleRule } from '@sluice/pipelines/language/definition';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { inUnit } from '../orchestrator/unit.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { parseInTurns } from '../repositories/parse-in-turns.ts';
import { findRepository, type Repository } from '../store/repository-store.ts';
import { lookAtSchedules, saveSchedules, takeLooks } from '../store/schedule-store.ts';
import { nextTime } from './next-time.ts';

const restMs = 1_000;
const atOnce = 4;
/** A push to the default branch is looked at when it comes; this is for the one that nobody told of. */
const lookEveryMs = 3_600_000;
/** After a look that could not be done. */
const lookAgainMs = 600_000;

/**
 * Brings the list of schedules up to the pipeline files of default branches, and returns how long it may rest. A
 * repository that cannot be read, or one of whose files is broken, keeps the schedules that it had.
 */
export async function lookForSchedules(context: ServerContext, mirrors: Mirrors): Promise<number> {
  const now = context.now();
  const due = await takeLooks(context.db, now, now + lookEveryMs, atOnce);
  await Promise.all(due.map((repositoryId) => look(context, mirrors, repositoryId)));
  return due.length === atOnce ? 0 : restMs;
}

async function look(context: ServerContext, mirrors: Mirrors, repositoryId: string): Promise<void> {
  const repository = await findRepository(context, repositoryId);
  if (repository === null) return;
  const rules = await readRules(mirrors, repository);
  if (!rules.ok) {
    context.log.info({ repository: repository.fullName }, `its schedules stay as they are: ${rules.error}`);
    await lookAtSchedules(context.db, repositoryId, context.now() + lookAgainMs);
    return;
  }
  await inUnit(context, async ({ trx, at }) => {
    const schedules = rules.value.flatMap((rule) => {
      const dueAt = nextTime(rule, at);
      return dueAt === null ? [] : [{ ...rule, dueAt }];
    });
    await saveSchedules(trx, repositoryId, schedules);
  });
}

async function readRules(
  mirrors: Mirrors,
  repository: Repository,
): Promise<Result<readonly ScheduleRule[], string>> {
  const commit = await mirrors.resolveBranch(repository, repository.defaultBranch);
  if (!commit.ok) return err(commit.error.message);
  const loaded = await mirrors.readPipelines(repository, commit.value.sha);
  if (!loaded.ok) return err(loaded.error.message);
  const rules: ScheduleRule[] = [];
  for (const { file, definition } of await parseInTurns(loaded.value)) {
    if (definition === null) return err(`${file} is broken`);
    rules.push(...(definition.on.schedule ?? []));
  }
  return ok(withoutCopies(rules));
}

/** Several pipelines may have the same schedule: it fires once, and starts them all. */
const withoutCopies = (rules: readonly ScheduleRule[]): readonly ScheduleRule[] => [
  ...new Map(rules.map((rule) => [`${rule.cron}\n${rule.timezone}`, rule])).values(),
];
