// What reconcilers look for: rows that should be there and are not, and rows that should not be there.
import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { Group } from './ticket-store.ts';

/** Runs that have not ended and have been at rest since `before`, in the order of their ids. */
export async function listRestingRuns(
  db: Database,
  options: { readonly after: string | null; readonly before: number; readonly limit: number },
): Promise<readonly string[]> {
  let query = db
    .selectFrom('runs')
    .select('id')
    .where('finished_at', 'is', null)
    .where('updated_at', '<', options.before)
    .orderBy('id')
    .limit(options.limit);
  if (options.after !== null) query = query.where('id', '>', options.after);
  return (await query.execute()).map(({ id }) => id);
}

/** What of some runs is there: `runId kind stage`. */
export async function findExisting(db: Database, runIds: readonly string[]): Promise<ReadonlySet<string>> {
  const ids = [...runIds];
  const { rows } = await sql<{ readonly key: string }>`
    select run_id || ' attempt ' || stage || ' ' || number as key from attempts where run_id = any(${ids}::uuid[])
    union all
    select run_id || ' timer ' || (event ->> 'kind') || ' ' || (event ->> 'stage') from timers
      where run_id = any(${ids}::uuid[])
    union all
    select run_id || ' rollout ' || stage || ' ' || attempt from rollouts where run_id = any(${ids}::uuid[])
    union all
    select (command ->> 'runId') || ' rollout ' || (command ->> 'stage') || ' ' || (command ->> 'attempt')
      from outbox where kind = 'start-rollout'
    union all
    select (command ->> 'runId') || ' search ' || (command ->> 'stage') from outbox where kind = 'seek-result'
  `.execute(db);
  return new Set(rows.map(({ key }) => key));
}

/** Rollouts that are to wake at a time, and that no timer wakes. */
export async function listRolloutsWithoutTimer(
  db: Database,
  before: number,
): Promise<
  readonly { readonly id: string; readonly runId: string; readonly stage: string; readonly wakeAt: number }[]
> {
  const { rows } = await sql<{ id: string; runId: string; stage: string; wakeAt: number }>`
    select id, run_id as "runId", stage, (state ->> 'wakeAt')::double precision as "wakeAt" from rollouts
    where status = 'active' and state ->> 'wakeAt' is not null
      and (state ->> 'wakeAt')::double precision > 0
      and (select max(at) from rollout_events where rollout_id = rollouts.id) < ${before}
      and not exists (select from timers where rollout_id = rollouts.id)
  `.execute(db);
  return rows;
}

/** Groups in which somebody waits since before `before` and nobody has the turn or is about to be given it. */
export async function listIdleGroups(db: Database, before: number): Promise<readonly Group[]> {
  const { rows } = await sql<Group>`
    select distinct repository_id as "repositoryId", group_name as "group" from group_tickets waiting
    where state = 'waiting' and since < ${before}
      and not exists (
        select from outbox where kind = 'give-turn'
          and command ->> 'repositoryId' = waiting.repository_id and command ->> 'group' = waiting.group_name
      )
  `.execute(db);
  return rows;
}

/** Places of runs that have ended. */
export async function listDeadTickets(db: Database): Promise<readonly { readonly runId: string }[]> {
  return db
    .selectFrom('group_tickets')
    .innerJoin('runs', 'runs.id', 'group_tickets.run_id')
    .select('run_id as runId')
    .distinct()
    .where('runs.finished_at', 'is not', null)
    .execute();
}

/** Gives held attempts whose lease is missing, or ends after `latest`, one until `until`. */
export async function mendLeases(
  db: Database,
  { latest, until }: { readonly latest: number; readonly until: number },
): Promise<readonly { readonly runId: string; readonly stage: string; readonly wasMissing: boolean }[]> {
  const { rows } = await sql<{ runId: string; stage: string; wasMissing: boolean }>`
    update attempts set lease_until = ${until} from attempts before
    where attempts.id = before.id and before.status = 'held'
      and (before.lease_until is null or before.lease_until > ${latest})
    returning before.run_id as "runId", before.stage, before.lease_until is null as "wasMissing"
  `.execute(db);
  return rows;
}
