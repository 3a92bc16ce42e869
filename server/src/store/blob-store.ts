import type { Selectable } from 'kysely';
import type { CoreTables } from './core-schema.ts';
import type { Database, Trx } from './database.ts';

export type Blob = Selectable<CoreTables['blobs']>;

/** Names the file of an attempt; another one of that name is replaced. */
export async function recordBlob(trx: Trx, blob: Blob): Promise<void> {
  const { sha256, bytes, created_at } = blob;
  await trx
    .insertInto('blobs')
    .values(blob)
    .onConflict((conflict) =>
      conflict.columns(['attempt_id', 'name']).doUpdateSet({ sha256, bytes, created_at }),
    )
    .execute();
}

export async function findBlob(db: Database, attemptId: string, name: string): Promise<Blob | undefined> {
  return db
    .selectFrom('blobs')
    .selectAll()
    .where('attempt_id', '=', attemptId)
    .where('name', '=', name)
    .executeTakeFirst();
}

export async function listBlobsOfRuns(db: Database, runIds: readonly string[]): Promise<readonly Blob[]> {
  return db
    .selectFrom('blobs')
    .innerJoin('attempts', 'attempts.id', 'blobs.attempt_id')
    .selectAll('blobs')
    .where('attempts.run_id', 'in', [...runIds])
    .orderBy('blobs.name')
    .execute();
}
