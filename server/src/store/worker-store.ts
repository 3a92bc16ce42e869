import type { Selectable } from 'kysely';
import type { CoreTables } from './core-schema.ts';
import type { Database } from './database.ts';

export async function recordWorker(
  db: Database,
  worker: {
    readonly id: string;
    readonly pool: string;
    readonly slots: number;
    /** It takes no more stages. */
    readonly isLeaving: boolean;
    readonly at: number;
  },
): Promise<void> {
  const { pool, slots, isLeaving: leaving } = worker;
  const seen = { pool, slots, leaving, last_seen_at: worker.at };
  await db
    .insertInto('workers')
    .values({ id: worker.id, ...seen })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(seen))
    .execute();
}

/** Those heard since `since`, most recently heard first. */
export async function listWorkers(
  db: Database,
  since: number,
): Promise<readonly Selectable<CoreTables['workers']>[]> {
  return db
    .selectFrom('workers')
    .selectAll()
    .where('last_seen_at', '>=', since)
    .orderBy('last_seen_at', 'desc')
    .execute();
}
