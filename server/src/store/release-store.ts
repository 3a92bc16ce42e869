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

/** Of the environment as a whole, newest first; `before`: older than that. */
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
    .where('cluster', 'is', null)
    .orderBy('at', 'desc')
    .limit(limit);
  return (before === null ? releases : releases.where('at', '<', before)).execute();
}

/** The last one that succeeded in a cluster, or (null) in the environment as a whole. */
export async function newestRelease(
  db: Database,
  environment: string,
  cluster: string | null,
): Promise<Release | undefined> {
  return db
    .selectFrom('releases')
    .selectAll()
    .where('environment', '=', environment)
    .where('cluster', cluster === null ? 'is' : '=', cluster)
    .where('outcome', '=', 'succeeded')
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The last release that succeeded in each cluster that had one, by the cluster's name. */
export async function releasesOfClusters(
  db: Database,
  environment: string,
): Promise<ReadonlyMap<string, Release>> {
  const rows = await db
    .selectFrom('releases')
    .distinctOn('cluster')
    .selectAll()
    .where('environment', '=', environment)
    .where('cluster', 'is not', null)
    .where('outcome', '=', 'succeeded')
    .orderBy('cluster')
    .orderBy('at', 'desc')
    .execute();
  return new Map(rows.flatMap((row) => (row.cluster === null ? [] : [[row.cluster, row]])));
}

/** The last one that succeeded in a cluster before this rollout over several of them began. */
export async function releaseBefore(
  db: Database,
  place: { readonly environment: string; readonly cluster: string; readonly parentId: string },
): Promise<Release | undefined> {
  return db
    .selectFrom('releases')
    .innerJoin('rollouts', 'rollouts.id', 'releases.rollout_id')
    .selectAll('releases')
    .where('releases.environment', '=', place.environment)
    .where('releases.cluster', '=', place.cluster)
    .where('releases.outcome', '=', 'succeeded')
    .where('rollouts.parent_id', '<>', place.parentId)
    .orderBy('releases.at', 'desc')
    .limit(1)
    .executeTakeFirst();
}
