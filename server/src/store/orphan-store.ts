import { sql } from 'kysely';
import type { Database } from './database.ts';

export interface SeenOrphans {
  readonly engine: string;
  readonly kind: string;
  readonly orphans: number;
}

/** What is told last of an engine and a kind is what counts, whoever tells it. */
export async function saveLook(
  db: Database,
  counts: readonly SeenOrphans[],
  by: { readonly workerId: string; readonly at: number; readonly until: number },
): Promise<void> {
  const latest = new Map(counts.map((count) => [JSON.stringify([count.engine, count.kind]), count]));
  if (latest.size === 0) return;
  await db
    .insertInto('orphan_looks')
    .values(
      // In one order for everybody, so that two looks never wait for each other.
      [...latest.entries()]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([, { engine, kind, orphans }]) => ({
          engine,
          kind,
          orphans,
          worker_id: by.workerId,
          looked_at: by.at,
          valid_until: by.until,
        })),
    )
    .onConflict((conflict) =>
      conflict.columns(['engine', 'kind']).doUpdateSet({
        orphans: sql`excluded.orphans`,
        worker_id: sql`excluded.worker_id`,
        looked_at: sql`excluded.looked_at`,
        valid_until: sql`excluded.valid_until`,
      }),
    )
    .execute();
}

/** Forgets what nobody has looked at again, and gives the rest. */
export async function readLooks(db: Database, now: number): Promise<readonly SeenOrphans[]> {
  await db.deleteFrom('orphan_looks').where('valid_until', '<', now).execute();
  return db.selectFrom('orphan_looks').select(['engine', 'kind', 'orphans']).execute();
}
