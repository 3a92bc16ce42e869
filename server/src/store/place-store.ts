// Where the stages of a run stand in their lines. Reading costs as much as the line is long: for people who look, not
// for the scheduler.
import { sql } from 'kysely';
import type { Database } from './database.ts';

/** Further back, nobody counts. */
const longestCounted = 2_000;

export interface Place {
  readonly stage: string;
  readonly pool: string;
  readonly project: string;
  /** It stands in the workers' queue. */
  readonly isGranted: boolean;
  /** How many of its project come first; 0 when it is granted. */
  readonly before: number;
}

export async function placesOfRun(db: Database, runId: string): Promise<readonly Place[]> {
  const { rows } = await sql<Place>`
    with own as (
      select id, stage, pool, project, granted_at from attempts
      where run_id = ${runId} and status = 'queued' and pool is not null
    ), line as (
      select counted.* from (select distinct pool, project from own where granted_at is null) lines
      cross join lateral (
        select id, (row_number() over (order by rank, run_number, created_at) - 1)::int as before from (
          select id, rank, run_number, created_at from attempts
          where status = 'queued' and granted_at is null and pool = lines.pool and project = lines.project
          order by rank, run_number, created_at limit ${longestCounted}
        ) first
      ) counted
    )
    select own.stage, own.pool, own.project, own.granted_at is not null as "isGranted",
      case when own.granted_at is null then coalesce(line.before, ${longestCounted}::int) else 0 end as before
    from own left join line on line.id = own.id
  `.execute(db);
  return rows;
}

/** Waiting stages of each project in a pool. */
export async function countWaiting(db: Database, pool: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('attempts')
    .select((select) => ['project', select.fn.countAll<number>().as('count')])
    .where('status', '=', 'queued')
    .where('granted_at', 'is', null)
    .where('pool', '=', pool)
    .groupBy('project')
    .execute();
  return new Map(rows.map(({ project, count }) => [project ?? '', count]));
}

export async function lastSeenInPool(db: Database, pool: string): Promise<number | null> {
  const row = await db
    .selectFrom('workers')
    .select((select) => select.fn.max('last_seen_at').as('at'))
    .where('pool', '=', pool)
    .executeTakeFirst();
  return row?.at ?? null;
}
