// Which files the blob store holds. What refers to them: blobs, artifacts, caches.
import { sql, type Selectable } from 'kysely';
import type { Database, Trx } from './database.ts';
import type { KeptTables } from './kept-schema.ts';

type Content = Selectable<KeptTables['contents']>;

/** Notes that the file is stored now, and locks its row until the end of the transaction. */
export async function lockContent(trx: Trx, content: Content): Promise<void> {
  const { stored_at } = content;
  await trx
    .insertInto('contents')
    .values(content)
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ stored_at }))
    .execute();
}

/** Its size, and a lock against its removal; null: it is not stored. */
export async function holdContent(trx: Trx, sha256: string): Promise<{ readonly bytes: number } | null> {
  const row = await trx
    .selectFrom('contents')
    .select('bytes')
    .where('sha256', '=', sha256)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

const isUnused = sql<boolean>`
  not exists (select from blobs where blobs.sha256 = contents.sha256)
  and not exists (select from artifacts where artifacts.sha256 = contents.sha256)
  and not exists (select from caches where caches.sha256 = contents.sha256)`;

/** At most 100, stored last before `before`. */
export async function listUnusedContents(db: Database, before: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('contents')
    .select('sha256')
    .where('stored_at', '<', before)
    .where(isUnused)
    .limit(100)
    .execute();
  return rows.map((row) => row.sha256);
}

/** False when something refers to it by now, or another server removes it. */
export async function lockUnusedContent(trx: Trx, sha256: string, before: number): Promise<boolean> {
  const locked = await trx
    .selectFrom('contents')
    .select('sha256')
    .where('sha256', '=', sha256)
    .where('stored_at', '<', before)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (locked === undefined) return false;
  // Asked again under the lock: a statement sees what was committed before it began.
  const unused = await trx
    .selectFrom('contents')
    .select('sha256')
    .where('sha256', '=', sha256)
    .where(isUnused)
    .executeTakeFirst();
  return unused !== undefined;
}

export async function deleteContent(trx: Trx, sha256: string): Promise<void> {
  await trx.deleteFrom('contents').where('sha256', '=', sha256).execute();
}
