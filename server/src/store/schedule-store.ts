import type { ScheduleRule } from '@sluice/pipelines/language/definition';
import { sql } from 'kysely';
import type { Database, Trx } from './database.ts';

export interface Schedule extends ScheduleRule {
  readonly repositoryId: string;
  readonly dueAt: number;
}

/** The oldest first. */
export async function listDueSchedules(
  db: Database,
  now: number,
  limit: number,
): Promise<readonly Schedule[]> {
  const rows = await db
    .selectFrom('schedules')
    .selectAll()
    .where('try_at', '<=', now)
    .orderBy('try_at')
    .limit(limit)
    .execute();
  return rows.map(({ repository_id: repositoryId, cron, timezone, due_at: dueAt }) => ({
    repositoryId,
    cron,
    timezone,
    dueAt,
  }));
}

export async function postponeSchedule(db: Database, schedule: Schedule, until: number): Promise<void> {
  await db
    .updateTable('schedules')
    .set({ try_at: until })
    .where('repository_id', '=', schedule.repositoryId)
    .where('cron', '=', schedule.cron)
    .where('timezone', '=', schedule.timezone)
    .where('due_at', '=', schedule.dueAt)
    .execute();
}

/** Moves it on to its next time; false when another server was first, or it is gone. Null: it has no next time. */
export async function passSchedule(trx: Trx, schedule: Schedule, nextAt: number | null): Promise<boolean> {
  const { repositoryId, cron, timezone, dueAt } = schedule;
  if (nextAt === null) {
    const { numDeletedRows } = await trx
      .deleteFrom('schedules')
      .where('repository_id', '=', repositoryId)
      .where('cron', '=', cron)
      .where('timezone', '=', timezone)
      .where('due_at', '=', dueAt)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }
  const { numUpdatedRows } = await trx
    .updateTable('schedules')
    .set({ due_at: nextAt, try_at: nextAt })
    .where('repository_id', '=', repositoryId)
    .where('cron', '=', cron)
    .where('timezone', '=', timezone)
    .where('due_at', '=', dueAt)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Leaves exactly these; one that is there already keeps its time. */
export async function saveSchedules(
  trx: Trx,
  repositoryId: string,
  schedules: readonly (ScheduleRule & { readonly dueAt: number })[],
): Promise<void> {
  const [crons, timezones] = [schedules.map(({ cron }) => cron), schedules.map(({ timezone }) => timezone)];
  await sql`delete from schedules where repository_id = ${repositoryId} and (cron, timezone) not in (
    select * from unnest(${crons}::text[], ${timezones}::text[]))`.execute(trx);
  if (schedules.length === 0) return;
  await trx
    .insertInto('schedules')
    .values(
      schedules.map(({ cron, timezone, dueAt }) => ({
        repository_id: repositoryId,
        cron,
        timezone,
        due_at: dueAt,
        try_at: dueAt,
      })),
    )
    .onConflict((conflict) => conflict.columns(['repository_id', 'cron', 'timezone']).doNothing())
    .execute();
}

/** Repositories that are to be looked at now, and by nobody else before `until`. */
export async function takeLooks(
  db: Database,
  now: number,
  until: number,
  limit: number,
): Promise<readonly string[]> {
  const { rows } = await sql<{ readonly repository_id: string }>`
    insert into schedule_looks (repository_id, look_at)
    select id, ${until}::double precision from repositories left join schedule_looks on repository_id = id
    where look_at is null or look_at <= ${now} limit ${limit}
    on conflict (repository_id) do update set look_at = excluded.look_at
      where schedule_looks.look_at <= ${now}
    returning repository_id`.execute(db);
  return rows.map((row) => row.repository_id);
}

/** Has the pipeline file read for its schedules at a time, or before where it was to be read before. */
export async function lookAtSchedules(db: Database, repositoryId: string, at: number): Promise<void> {
  await db
    .insertInto('schedule_looks')
    .values({ repository_id: repositoryId, look_at: at })
    .onConflict((conflict) =>
      conflict.column('repository_id').doUpdateSet({ look_at: sql`least(schedule_looks.look_at, ${at})` }),
    )
    .execute();
}
