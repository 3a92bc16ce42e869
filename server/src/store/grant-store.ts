import type { AttemptJob } from '@sluice/pipelines/protocol/queues';
import type { Share } from '@sluice/pipelines/schedule/decide-grants';
import type { PendingAttempt } from '@sluice/pipelines/schedule/line';
import { sql } from 'kysely';
import type { Database, Trx } from './database.ts';

/** Any number of servers may decide, one at a time. */
const lineLock = 0x51_1c_e0_01;

export async function lockLine(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${lineLock}::bigint)`.execute(trx);
}

export async function isAnythingPending(db: Database): Promise<boolean> {
  const row = await db
    .selectFrom('attempts')
    .select('id')
    .where('status', '=', 'queued')
    .where('granted_at', 'is', null)
    .where('pool', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export interface PoolWithRoom {
  readonly pool: string;
  readonly room: number;
  readonly shares: readonly Share[];
}

export interface PendingInPool extends PendingAttempt {
  readonly runId: string;
  readonly pool: string;
}

/** The heads of each project's line: as many as there is room, in order and by age. */
export async function readHeads(
  db: Database,
  pools: readonly PoolWithRoom[],
): Promise<readonly PendingInPool[]> {
  const wanted = pools.flatMap(({ pool, room, shares }) =>
    shares.filter(({ roomInQuota }) => roomInQuota !== 0).map(({ project }) => ({ pool, project, room })),
  );
  if (wanted.length === 0) return [];
  const { rows } = await sql<PendingInPool>`
    select heads.* from
      unnest(
        ${wanted.map(({ pool }) => pool)}::text[],
        ${wanted.map(({ project }) => project)}::text[],
        ${wanted.map(({ room }) => room)}::int[]
      ) as wanted (pool, project, room)
      cross join lateral (
        (select ${columns} from attempts
          where status = 'queued' and granted_at is null and pool = wanted.pool and project = wanted.project
          order by rank, run_number, created_at limit wanted.room)
        union
        (select ${columns} from attempts
          where status = 'queued' and granted_at is null and pool = wanted.pool and project = wanted.project
          order by created_at limit wanted.room)
      ) heads
  `.execute(db);
  return rows;
}

const columns = sql`id, run_id as "runId", pool, project, run_number as "runNumber", stage, rank, created_at as since`;

/** Those of `ids` that still wait and that nobody else has in hand, in the order of `ids`. */
export async function markGranted(
  trx: Trx,
  ids: readonly string[],
  at: number,
): Promise<readonly GrantedJob[]> {
  const { rows } = await sql<GrantedJob & { readonly id: string }>`
    update attempts set granted_at = ${at}
    where id in (
      select id from attempts
      where id = any(${[...ids]}::uuid[]) and status = 'queued' and granted_at is null
      for update skip locked
    )
    returning id, run_id as "runId", stage, number as attempt, pool
  `.execute(trx);
  const places = new Map(ids.map((id, index) => [id, index]));
  return rows
    .toSorted((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0))
    .map(({ runId, stage, attempt, pool }) => ({ runId, stage, attempt, pool }));
}

export type GrantedJob = AttemptJob & { readonly pool: string };

export async function saveShares(
  trx: Trx,
  decided: readonly { readonly pool: string; readonly shares: readonly Share[] }[],
): Promise<void> {
  const rows = decided.flatMap(({ pool, shares }) =>
    shares.map(({ project, startTag, grants }) => ({ pool, project, start_tag: startTag, grants })),
  );
  if (rows.length === 0) return;
  await trx
    .insertInto('fair_shares')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['pool', 'project']).doUpdateSet((set) => ({
        start_tag: set.ref('excluded.start_tag'),
        grants: set.ref('excluded.grants'),
      })),
    )
    .execute();
}
