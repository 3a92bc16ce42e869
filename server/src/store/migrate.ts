import { Migrator, type Kysely } from 'kysely';
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
import type { Schema } from './schema.ts';

const migrations = {
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
};

/**
 * Brings the database to this version's tables. Several servers may do so at once: Kysely takes an advisory
 * lock, and the second one finds nothing left to do. Rejects when a migration fails; the database is then as
 * it was before.
 */
export async function migrateToLatest(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    // None depends on the order of another's tables beyond the first two.
    allowUnorderedMigrations: true,
  });
  // Servers that still serve lock the same tables in orders of their own: who loses such a race tries again.
  let { error } = await migrator.migrateToLatest();
  for (let tries = 1; tries < mostTries && isDeadlock(error); tries += 1)
    ({ error } = await migrator.migrateToLatest());
  if (error !== undefined) {
    throw new Error('The database could not be brought to this version: it is unchanged.', { cause: error });
  }
}

const mostTries = 10;

const isDeadlock = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '40P01';
