// For tests only: a database of their own on a real PostgreSQL.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../embedded/postgres.ts';
import { openDatabase, type Database } from './database.ts';
import { migrateToLatest } from './migrate.ts';

export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  /** Drops the database, and ends the engine if it was started for this test file. */
  readonly close: () => Promise<void>;
}

/** On `TEST_DATABASE_URL`, or else on an embedded PostgreSQL of this test file's own. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const engine = await findEngine();
  const name = `sluice_test_${randomUUID().replaceAll('-', '')}`;
  await runOn(engine.url, `create database ${name}`);
  const url = withDatabase(engine.url, name);
  const db = openDatabase(url);
  await migrateToLatest(db);
  return {
    url,
    db,
    async close() {
      await db.destroy();
      await runOn(engine.url, `drop database ${name} with (force)`);
      await engine.stop();
    },
  };
}

async function findEngine(): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const url = process.env['TEST_DATABASE_URL'];
  if (url !== undefined) return { url, stop: () => Promise.resolve() };
  const dataDir = await mkdtemp(path.join(tmpdir(), 'sluice-test-'));
  const engine = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
  return {
    url: engine.url,
    async stop() {
      await engine.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function runOn(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
