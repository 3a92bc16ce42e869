import { setTimeout as sleep } from 'node:timers/promises';
import { Migrator, sql, type Kysely, type Migration } from 'kysely';
import { coreMigration } from './migrations/0001-core.ts';
import { edgeMigration } from './migrations/0002-edge.ts';
import { podAdoptionMigration } from './migrations/0003-pod-adoption.ts';
import { fairnessMigration } from './migrations/0004-fairness.ts';
import { artifactsMigration } from './migrations/0005-artifacts.ts';
import { historyIndexesMigration } from './migrations/0007-history-indexes.ts';
import { rerunShellMigration } from './migrations/0008-rerun-shell.ts';
import { testReportsMigration } from './migrations/0009-test-reports.ts';
import { leavingWorkersMigration } from './migrations/0010-leaving-workers.ts';
import { stageReuseMigration } from './migrations/0010-stage-reuse.ts';
import { orphanLooksMigration } from './migrations/0012-orphan-looks.ts';
import { schedulesMigration } from './migrations/0013-schedules.ts';
import { freezeWindowsMigration } from './migrations/0014-freeze-windows.ts';
import { notificationsMigration } from './migrations/0015-notifications.ts';
import { sharedRepositoriesMigration } from './migrations/0016-shared-repositories.ts';
import { clustersMigration } from './migrations/0019-clusters.ts';
import { mailChannelsMigration } from './migrations/0022-mail-channels.ts';
import { driftMigration } from './migrations/0023-drift.ts';
import { placeLooksMigration } from './migrations/0024-place-looks.ts';
import type { Schema } from './schema.ts';

/** By name, in their order. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-core': coreMigration,
  '0002-edge': edgeMigration,
  '0003-pod-adoption': podAdoptionMigration,
  '0004-fairness': fairnessMigration,
  '0005-artifacts': artifactsMigration,
  '0007-history-indexes': historyIndexesMigration,
  '0008-rerun-shell': rerunShellMigration,
  '0009-test-reports': testReportsMigration,
  '0010-leaving-workers': leavingWorkersMigration,
  '0010-stage-reuse': stageReuseMigration,
  '0012-orphan-looks': orphanLooksMigration,
  '0013-schedules': schedulesMigration,
  '0014-freeze-windows': freezeWindowsMigration,
  '0015-notifications': notificationsMigration,
  '0016-shared-repositories': sharedRepositoriesMigration,
  '0019-clusters': clustersMigration,
  '0022-mail-channels': mailChannelsMigration,
  '0023-drift': driftMigration,
  '0024-place-looks': placeLooksMigration,
};

/**
 * Brings the database to this version's tables, each migration in a transaction of its own. Several servers may do so at
 * once: Kysely takes an advisory lock, and who comes later finds less left to do. Rejects when a migration fails: the
 * database is then as the one before it left it, which servers of any version can work with.
 */
export async function migrateToLatest(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...(await ofNewerVersions(db)), ...givingWay }) },
    // None depends on the order of another's tables beyond the first two.
    allowUnorderedMigrations: true,
  });
  for (let lostRaces = 0; ;) {
    const { error, results = [] } = await migrator.migrateUp();
    if (error === undefined && results.length === 0) return;
    if (error === undefined) continue;
    lostRaces += 1;
    if (!isLostRace(error) || lostRaces >= mostLostRaces) {
      const name = results.find(({ status }) => status === 'Error')?.migrationName;
      throw new Error(`The database could not be brought to this version by ${name ?? 'any migration'}.`, {
        cause: error,
      });
    }
    await sleep(restMs);
  }
}

/**
 * Whoever wants a table waits behind a migration that waits for it. So it waits no longer than this, and tries again
 * when who had the table may be done.
 */
const patienceMs = 1_000;
const restMs = 250;
const mostLostRaces = 100;

const givingWay = Object.fromEntries(
  Object.entries(migrations).map(([name, migration]): [string, Migration] => [
    name,
    {
      up: async (db) => {
        await sql`set local lock_timeout = ${sql.lit(patienceMs)}`.execute(db);
        await migration.up(db);
      },
    },
  ]),
);

/** Those that a newer server has carried out, so that one of this version may still be started beside it. */
async function ofNewerVersions(db: Kysely<Schema>): Promise<Record<string, Migration>> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return Object.fromEntries(rows.map(({ name }) => [name, { up: () => Promise.resolve() }]));
}

/** Servers that still serve lock the same tables in orders of their own, and for as long as they need. */
const isLostRace = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === deadlock || error.code === lockTimeout);

const deadlock = '40P01';
const lockTimeout = '55P03';
