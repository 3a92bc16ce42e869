import type { Selectable } from 'kysely';
import type { CoreTables } from './core-schema.ts';
import type { Database, Trx } from './database.ts';

export type Hold = Selectable<CoreTables['shell_holds']>;

export interface NewHold {
  readonly attemptId: string;
  readonly runId: string;
  readonly workerId: string;
  readonly fence: number;
  readonly at: number;
  readonly until: number;
}

/** Asked again after its worker was killed and took the attempt up, it is the same hold, begun anew. */
export async function saveHold(trx: Trx, hold: NewHold): Promise<void> {
  const { workerId: worker_id, fence, at: created_at, until } = hold;
  const held = { worker_id, fence, created_at, until, ended_at: null, end_reason: null };
  await trx
    .insertInto('shell_holds')
    .values({ attempt_id: hold.attemptId, run_id: hold.runId, ...held })
    .onConflict((conflict) => conflict.column('attempt_id').doUpdateSet(held))
    .execute();
}

/** Null when it is not held, or not any more. */
export async function findHold(db: Database, attemptId: string, now: number): Promise<Hold | null> {
  const row = await db
    .selectFrom('shell_holds')
    .selectAll()
    .where('attempt_id', '=', attemptId)
    .where('ended_at', 'is', null)
    .where('until', '>', now)
    .executeTakeFirst();
  return row ?? null;
}

export async function listHoldsOfRuns(db: Database, runIds: readonly string[]): Promise<readonly Hold[]> {
  return db
    .selectFrom('shell_holds')
    .selectAll()
    .where('run_id', 'in', [...runIds])
    .where('ended_at', 'is', null)
    .execute();
}

export async function countHoldsOfWorker(db: Database, workerId: string, now: number): Promise<number> {
  const { count } = await db
    .selectFrom('shell_holds')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('worker_id', '=', workerId)
    .where('ended_at', 'is', null)
    .where('until', '>', now)
    .executeTakeFirstOrThrow();
  return count;
}

/** Null when it had ended already, or was another worker's. */
export async function endHold(
  trx: Trx,
  attemptId: string,
  ended: { readonly at: number; readonly reason: string; readonly workerId: string | null },
): Promise<Hold | null> {
  let query = trx
    .updateTable('shell_holds')
    .set({ ended_at: ended.at, end_reason: ended.reason })
    .where('attempt_id', '=', attemptId)
    .where('ended_at', 'is', null);
  if (ended.workerId !== null) query = query.where('worker_id', '=', ended.workerId);
  return (await query.returningAll().executeTakeFirst()) ?? null;
}

/** Holds that the worker does not know any more: its process died with them. Younger ones may be on their way. */
export async function listForgottenHolds(
  db: Database,
  workerId: string,
  known: readonly string[],
  before: number,
): Promise<readonly string[]> {
  let query = db
    .selectFrom('shell_holds')
    .select('attempt_id')
    .where('worker_id', '=', workerId)
    .where('ended_at', 'is', null)
    .where('created_at', '<', before);
  if (known.length > 0) query = query.where('attempt_id', 'not in', [...known]);
  return (await query.execute()).map((row) => row.attempt_id);
}

/** Those of `known` that nobody wants any more. */
export async function listReleased(
  db: Database,
  known: readonly string[],
  now: number,
): Promise<readonly string[]> {
  if (known.length === 0) return [];
  const rows = await db
    .selectFrom('shell_holds')
    .select('attempt_id')
    .where('attempt_id', 'in', [...known])
    .where('ended_at', 'is', null)
    .where('until', '>', now)
    .execute();
  const wanted = new Set(rows.map((row) => row.attempt_id));
  return known.filter((id) => !wanted.has(id));
}
