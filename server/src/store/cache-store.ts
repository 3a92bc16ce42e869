import { sql, type Selectable } from 'kysely';
import type { Database, Trx } from './database.ts';
import type { KeptTables } from './kept-schema.ts';

export type CacheRow = Selectable<KeptTables['caches']>;

/** What a cache is looked up by, beside its key. */
export interface CachePlace {
  readonly repositoryId: string;
  /** In this order. */
  readonly scopes: readonly string[];
  readonly kind: string;
}

/** Under exactly this key. */
export async function findExactCache(
  db: Database,
  place: CachePlace,
  key: string,
): Promise<CacheRow | undefined> {
  const rows = await inPlace(db, place).where('key', '=', key).execute();
  return place.scopes.flatMap((scope) => rows.filter((row) => row.scope === scope))[0];
}

/** The newest whose key begins so. */
export async function findNewestCache(
  db: Database,
  place: CachePlace,
  prefix: string,
): Promise<CacheRow | undefined> {
  return inPlace(db, place)
    .where(sql<boolean>`starts_with(key, ${prefix})`)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

const inPlace = (db: Database, { repositoryId, scopes, kind }: CachePlace) =>
  db
    .selectFrom('caches')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .where('kind', '=', kind)
    .where('scope', 'in', [...scopes]);

export async function findCache(db: Database, id: string): Promise<CacheRow | undefined> {
  return db.selectFrom('caches').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function touchCache(db: Database, id: string, at: number): Promise<void> {
  await db.updateTable('caches').set({ last_used_at: at }).where('id', '=', id).execute();
}

/** False when the key is taken: what is there stays. */
export async function insertCache(trx: Trx, cache: CacheRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('caches')
    .values(cache)
    .onConflict((conflict) => conflict.columns(['repository_id', 'scope', 'kind', 'key']).doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Removes those of a project that were not used the longest, until the others fit; returns how many. */
export async function evictCaches(trx: Trx, project: string, limitBytes: number): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    delete from caches where id in (
      select id from (
        select id, sum(bytes) over (order by last_used_at desc, id desc) as with_newer
        from caches where project = ${project}
      ) as sizes
      where with_newer > ${limitBytes}
    ) returning id`.execute(trx);
  return rows.length;
}
