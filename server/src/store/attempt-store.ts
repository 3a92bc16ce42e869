import { sql, type ExpressionBuilder, type Selectable } from 'kysely';
import type { AttemptStatus, CoreTables } from './core-schema.ts';
import type { Database, Trx } from './database.ts';
import type { Schema } from './schema.ts';

export type Attempt = Selectable<CoreTables['attempts']>;
export type { AttemptStatus };

export interface AttemptKey {
  readonly runId: string;
  readonly stage: string;
  readonly attempt: number;
}

export interface AttemptToInsert extends AttemptKey {
  readonly id: string;
  readonly status: 'queued' | 'server';
  /** Where it waits for a worker; null: no worker carries it out. */
  readonly line: AttemptLine | null;
  readonly at: number;
}

export interface AttemptLine {
  readonly project: string;
  readonly pool: string;
  readonly rank: number;
  readonly runNumber: number;
}

/** Makes the attempts; one that exists already stays as it is. */
export async function insertAttempts(trx: Trx, attempts: readonly AttemptToInsert[]): Promise<void> {
  if (attempts.length === 0) return;
  await trx
    .insertInto('attempts')
    .values(
      attempts.map((made) => ({
        id: made.id,
        run_id: made.runId,
        stage: made.stage,
        number: made.attempt,
        status: made.status,
        fence: 0,
        created_at: made.at,
        started_at: made.status === 'server' ? made.at : null,
        acknowledged: 0,
        log_lines: 0,
        project: made.line?.project ?? null,
        pool: made.line?.pool ?? null,
        rank: made.line?.rank ?? null,
        run_number: made.line?.runNumber ?? null,
      })),
    )
    .onConflict((conflict) => conflict.columns(['run_id', 'stage', 'number']).doNothing())
    .execute();
}

export async function findAttempt(db: Database, id: string): Promise<Attempt | undefined> {
  return db.selectFrom('attempts').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findAttempts(db: Database, ids: readonly string[]): Promise<readonly Attempt[]> {
  return db
    .selectFrom('attempts')
    .selectAll()
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .execute();
}

/** Lock the run first, where the run is to change too. */
export async function lockAttempt(trx: Trx, id: string): Promise<Attempt | undefined> {
  return trx.selectFrom('attempts').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

export async function lockAttemptOf(trx: Trx, key: AttemptKey): Promise<Attempt | undefined> {
  return trx
    .selectFrom('attempts')
    .selectAll()
    .where('run_id', '=', key.runId)
    .where('stage', '=', key.stage)
    .where('number', '=', key.attempt)
    .forUpdate()
    .executeTakeFirst();
}

/** Those of `ids` and `keys` together, in one order for everybody; lock their runs first. */
export async function lockAttempts(
  trx: Trx,
  { ids, keys }: { readonly ids: readonly string[]; readonly keys: readonly AttemptKey[] },
): Promise<readonly Attempt[]> {
  if (ids.length + keys.length === 0) return [];
  const [runs, stages, numbers] = [
    keys.map((key) => key.runId),
    keys.map((key) => key.stage),
    keys.map((key) => key.attempt),
  ];
  const { rows } = await sql<Attempt>`
    select * from attempts where id in (
      select id from attempts where id = any(${ids}::uuid[])
      union
      select attempts.id from unnest(${runs}::uuid[], ${stages}::text[], ${numbers}::int[]) as wanted (run, stage, number)
      join attempts on attempts.run_id = wanted.run and attempts.stage = wanted.stage and attempts.number = wanted.number
    ) order by id for update`.execute(trx);
  return rows;
}

export async function updateAttempt(
  trx: Trx,
  id: string,
  changes: Partial<Omit<Attempt, 'id' | 'run_id' | 'stage' | 'number'>>,
): Promise<void> {
  await trx.updateTable('attempts').set(changes).where('id', '=', id).execute();
}

export async function listAttempts(db: Database, runId: string): Promise<readonly Attempt[]> {
  return listAttemptsOfRuns(db, [runId]);
}

/** Oldest first. */
export async function listAttemptsOfRuns(
  db: Database,
  runIds: readonly string[],
): Promise<readonly Attempt[]> {
  return db
    .selectFrom('attempts')
    .selectAll()
    .where('run_id', 'in', [...runIds])
    .orderBy('created_at')
    .orderBy('number')
    .execute();
}

/** Attempts that were handed to the workers' queue before `before`, and that no worker has claimed. */
export async function listGrantedAttempts(
  db: Database,
  before: number,
): Promise<readonly Pick<Attempt, 'run_id' | 'stage' | 'number' | 'pool'>[]> {
  return db
    .selectFrom('attempts')
    .select(['run_id', 'stage', 'number', 'pool'])
    .where('status', '=', 'queued')
    .where('granted_at', '<', before)
    .orderBy('granted_at')
    .execute();
}

/** Gives open attempts without a place in the line one; returns how many there were. */
export async function fillInLine(
  db: Database,
  place: { readonly pool: string; readonly rank: number },
): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('attempts')
    .from('runs')
    .set((set) => ({
      pool: place.pool,
      rank: place.rank,
      project: set.ref('runs.project'),
      run_number: set.ref('runs.number'),
      granted_at: set.ref('attempts.created_at'),
    }))
    .whereRef('runs.id', '=', 'attempts.run_id')
    .where('attempts.pool', 'is', null)
    .where('attempts.status', 'in', ['queued', 'held'])
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** What a worker holds, oldest first. */
export async function listHeldBy(
  db: Database,
  workerId: string,
): Promise<readonly Pick<Attempt, 'id' | 'run_id' | 'stage' | 'number' | 'fence'>[]> {
  return db
    .selectFrom('attempts')
    .select(['id', 'run_id', 'stage', 'number', 'fence'])
    .where('status', '=', 'held')
    .where('worker_id', '=', workerId)
    .orderBy('started_at')
    .execute();
}

/** Extends, never shortens, the leases of all that a worker holds, by whatever fence. */
export async function extendLeasesOf(db: Database, workerId: string, until: number): Promise<void> {
  await db
    .updateTable('attempts')
    .set({ lease_until: until })
    .where('id', 'in', (attempts) =>
      attempts
        .selectFrom('attempts')
        .select('id')
        .where('worker_id', '=', workerId)
        .where('status', '=', 'held')
        .where('lease_until', '<', until)
        .orderBy('id')
        .forUpdate(),
    )
    .execute();
}

/** Of attempts that a worker holds, and of those that are offered to another: leases that end before `before`, oldest first. */
export async function listEndingLeases(
  db: Database,
  before: number,
): Promise<readonly { readonly id: string; readonly runId: string; readonly until: number }[]> {
  return db
    .selectFrom('attempts')
    .select(['id', 'run_id as runId', 'lease_until as until'])
    .where('status', 'in', ['held', 'queued'])
    .where('lease_until', '<', before)
    .orderBy('lease_until')
    .limit(500)
    .$narrowType<{ until: number }>()
    .execute();
}

/** Every held or offered attempt is given until at least `until`: its holder could not reach us. */
export async function extendAllLeases(db: Database, until: number): Promise<void> {
  await db
    .updateTable('attempts')
    .set({ lease_until: until })
    .where('status', 'in', ['held', 'queued'])
    .where('lease_until', '<', until)
    .execute();
}

/** Extends the leases that this worker still holds and returns them. */
export async function extendLeases(
  db: Database,
  workerId: string,
  held: readonly { readonly attemptId: string; readonly fence: number }[],
  until: number,
): Promise<readonly Pick<Attempt, 'id' | 'fence' | 'cancel_reason' | 'cancel_forced'>[]> {
  if (held.length === 0) return [];
  return (
    db
      .updateTable('attempts')
      .set({ lease_until: until })
      // Locked in the order of `lockAttempts`, so that a heartbeat and a batch of reports never wait for each other.
      .where('id', 'in', (attempts) =>
        attempts
          .selectFrom('attempts')
          .select('id')
          .where('worker_id', '=', workerId)
          .where('status', '=', 'held')
          .where(isOneOf(held))
          .orderBy('id')
          .forUpdate(),
      )
      .returning(['id', 'fence', 'cancel_reason', 'cancel_forced'])
      .execute()
  );
}

/** Those of `held` whose end was stored under the same fence. */
export async function listEnded(
  db: Database,
  held: readonly { readonly attemptId: string; readonly fence: number }[],
): Promise<readonly Pick<Attempt, 'id'>[]> {
  if (held.length === 0) return [];
  return db
    .selectFrom('attempts')
    .select('id')
    .where('status', '=', 'finished')
    .where(isOneOf(held))
    .execute();
}

export async function countOpenAttempts(
  db: Database,
): Promise<{ readonly queued: number; readonly held: number }> {
  const rows = await db
    .selectFrom('attempts')
    .select((select) => ['status', select.fn.countAll<number>().as('count')])
    .where('status', 'in', ['queued', 'held'])
    .groupBy('status')
    .execute();
  const count = (status: AttemptStatus) => rows.find((row) => row.status === status)?.count ?? 0;
  return { queued: count('queued'), held: count('held') };
}

/** Who carried out these attempts, and when they were last heard. */
export async function listWorkersOfAttempts(
  db: Database,
  keys: readonly AttemptKey[],
): Promise<
  readonly { readonly stage: string; readonly worker: string | null; readonly lastSeenAt: number | null }[]
> {
  if (keys.length === 0) return [];
  const rows = await db
    .selectFrom('attempts')
    .leftJoin('workers', 'workers.id', 'attempts.worker_id')
    .select(['attempts.stage', 'attempts.worker_id', 'workers.last_seen_at'])
    .where((where) =>
      where.or(
        keys.map(({ runId, stage, attempt }) =>
          where.and([
            where('attempts.run_id', '=', runId),
            where('attempts.stage', '=', stage),
            where('attempts.number', '=', attempt),
          ]),
        ),
      ),
    )
    .execute();
  return rows.map((row) => ({ stage: row.stage, worker: row.worker_id, lastSeenAt: row.last_seen_at }));
}

/** Workers' attempts under way, by worker. */
export async function countHeldByWorker(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('attempts')
    .select((select) => ['worker_id', select.fn.countAll<number>().as('held')])
    .where('status', '=', 'held')
    .groupBy('worker_id')
    .execute();
  return new Map(rows.map((row) => [row.worker_id ?? '', row.held]));
}

const isOneOf =
  (held: readonly { readonly attemptId: string; readonly fence: number }[]) =>
  (where: ExpressionBuilder<Schema, 'attempts'>) =>
    where.or(
      held.map(({ attemptId, fence }) =>
        where.and([where('id', '=', attemptId), where('fence', '=', fence)]),
      ),
    );
