// Pipelines that begin by the clock. The database holds when each is due: a server that was away fires what it missed
// once, and of several servers one fires it, for moving it on and starting its run are one transaction.
import type { ScheduleTrigger } from '@sluice/pipelines/trigger/trigger';
import type { ServerContext } from '../context.ts';
import { startPump } from '../orchestrator/pump.ts';
import { startRunIn } from '../orchestrator/start-run.ts';
import { inUnit } from '../orchestrator/unit.ts';
import type { Mirrors } from '../repositories/mirrors.ts';
import { channelKinds } from '../store/notification-store.ts';
import { findRepository, type Repository } from '../store/repository-store.ts';
import { listDueSchedules, passSchedule, postponeSchedule, type Schedule } from '../store/schedule-store.ts';
import { contentOf, prepareRuns, startableAlone, type PreparedRuns } from '../webhooks/prepare-runs.ts';
import { lookForSchedules } from './look-for-schedules.ts';
import { nextTime } from './next-time.ts';

const restMs = 1_000;
const atOnce = 4;
/** A repository that cannot be read is asked again after this time; what is due is not forgotten meanwhile. */
const tryAgainMs = 60_000;

/** Starts what keeps the list of schedules and fires them. Closing waits for what is under way. */
export function startSchedules(context: ServerContext, mirrors: Mirrors): { close(): Promise<void> } {
  const { log } = context;
  const looks = startPump({
    name: 'schedules',
    log,
    work: () => lookForSchedules(context, mirrors),
  });
  const firings = startPump({
    name: 'schedule firings',
    log,
    work: () => fireSchedules(context, mirrors),
  });
  return {
    async close() {
      await Promise.all([looks.close(), firings.close()]);
    },
  };
}

/** Fires what is due, and returns how long it may rest. */
export async function fireSchedules(context: ServerContext, mirrors: Mirrors): Promise<number> {
  const due = await listDueSchedules(context.db, context.now(), atOnce);
  await Promise.all(due.map((schedule) => fire(context, mirrors, schedule)));
  return due.length === atOnce ? 0 : restMs;
}

async function fire(context: ServerContext, mirrors: Mirrors, schedule: Schedule): Promise<void> {
  const repository = await findRepository(context, schedule.repositoryId);
  if (repository === null) return;
  const commit = await mirrors.resolveBranch(repository, repository.defaultBranch);
  if (!commit.ok) return postpone(context, schedule, repository, commit.error.message);
  const { cron, timezone, dueAt } = schedule;
  const trigger: ScheduleTrigger = {
    event: 'schedule',
    repository: repository.fullName,
    actor: 'schedule',
    commit: commit.value,
    branch: repository.defaultBranch,
    cron,
    timezone,
    dueAt,
  };
  const prepared = await prepareRuns(mirrors, repository, trigger, () => channelKinds(context.db));
  if (prepared.kind === 'unreadable')
    return postpone(context, schedule, repository, prepared.problem.message);
  await start(context, repository, schedule, trigger, prepared);
}

async function start(
  context: ServerContext,
  repository: Repository,
  schedule: Schedule,
  trigger: ScheduleTrigger,
  prepared: Exclude<PreparedRuns, { readonly kind: 'unreadable' }>,
): Promise<void> {
  await inUnit(context, async (unit) => {
    if (!(await passSchedule(unit.trx, schedule, nextTime(schedule, unit.at)))) return;
    if (prepared.kind === 'no-file') return;
    const { project, id: repositoryId } = repository;
    // A file that no longer has it is filtered, and the next look takes it off the list.
    for (const each of startableAlone(prepared.pipelines)) {
      const run = { project, repositoryId, trigger, pipeline: each.pipeline, content: contentOf(each) };
      await startRunIn(unit, { ...run, deliveryId: null }, null);
    }
  });
}

async function postpone(
  context: ServerContext,
  schedule: Schedule,
  { fullName }: Repository,
  why: string,
): Promise<void> {
  const { cron, timezone } = schedule;
  context.log.warn(
    { repository: fullName, cron, timezone },
    `a schedule is due and its repository cannot be read: ${why}`,
  );
  await postponeSchedule(context.db, schedule, context.now() + tryAgainMs);
}
