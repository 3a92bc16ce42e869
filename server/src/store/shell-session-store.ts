import type { Selectable } from 'kysely';
import type { CoreTables } from './core-schema.ts';
import type { Database } from './database.ts';

export type ShellSession = Selectable<CoreTables['shell_sessions']>;

export interface NewShellSession {
  readonly id: string;
  readonly attemptId: string;
  readonly workerId: string;
  readonly who: string;
  readonly from: string | null;
  readonly connectUrl: string | null;
  readonly at: number;
}

export async function insertShellSession(db: Database, session: NewShellSession): Promise<void> {
  const { id, attemptId: attempt_id, workerId: worker_id, who, from, connectUrl, at } = session;
  await db
    .insertInto('shell_sessions')
    .values({ id, attempt_id, worker_id, who, from_address: from, connect_url: connectUrl, requested_at: at })
    .execute();
}

/** Sessions that wait for this worker since `since` or later. */
export async function listWantedShells(
  db: Database,
  workerId: string,
  since: number,
): Promise<readonly ShellSession[]> {
  return db
    .selectFrom('shell_sessions')
    .selectAll()
    .where('worker_id', '=', workerId)
    .where('opened_at', 'is', null)
    .where('ended_at', 'is', null)
    .where('requested_at', '>=', since)
    .orderBy('requested_at')
    .limit(100)
    .execute();
}

/** The newest token is the only one that counts. */
export async function setShellToken(db: Database, id: string, tokenHash: string): Promise<void> {
  await db
    .updateTable('shell_sessions')
    .set({ token_hash: tokenHash })
    .where('id', '=', id)
    .where('opened_at', 'is', null)
    .execute();
}

/** Uses the token up. Null when it is not the session's, was used before, or nobody waits any more. */
export async function spendShellToken(
  db: Database,
  id: string,
  tokenHash: string,
  at: number,
): Promise<ShellSession | null> {
  const row = await db
    .updateTable('shell_sessions')
    .set({ opened_at: at, token_hash: null })
    .where('id', '=', id)
    .where('token_hash', '=', tokenHash)
    .where('opened_at', 'is', null)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

export async function endShellSession(
  db: Database,
  id: string,
  ended: { readonly at: number; readonly reason: string },
): Promise<void> {
  await db
    .updateTable('shell_sessions')
    .set({ ended_at: ended.at, end_reason: ended.reason, token_hash: null })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute();
}
