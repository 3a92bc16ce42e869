import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { Selectable } from 'kysely';
import type { CoreTables } from './core-schema.ts';
import type { Database, Trx } from './database.ts';

export type Release = Selectable<CoreTables['releases']>;

export async function insertRelease(
  trx: Trx,
  release: Omit<Release, 'work'> & { readonly work: DeployWork },
): Promise<void> {
  await trx
    .insertInto('releases')
    .values({ ...release, work: JSON.stringify(release.work) })
    .onConflict((conflict) => conflict.column('rollout_id').doNothing())
    .execute();
}

export async function findRelease(db: Database, id: string): Promise<Release | undefined> {
  return db.selectFrom('releases').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Newest first; `before`: older than that. */
export async function listReleases(
  db: Database,
  environment: string,
  limit: number,
  before: number | null = null,
): Promise<readonly Release[]> {
  const releases = db
    .selectFrom('releases')
    .selectAll()
    .where('environment', '=', environment)
    .orderBy('at', 'desc')
    .limit(limit);
  return (before === null ? releases : releases.where('at', '<', before)).execute();
}
