// PostgreSQL and Redis: those that the settings name, or embedded ones. Waits for them at the start.
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Closers } from './closers.ts';
import type { ServerConfig } from './config.ts';
import { startEmbeddedPostgres } from './embedded/postgres.ts';
import { startEmbeddedRedis } from './embedded/redis.ts';
import { openDatabase, type Database } from './store/database.ts';
import { migrateToLatest } from './store/migrate.ts';
import { waitFor } from './wait-for.ts';

const startLimitMs = 60_000;

/** Connected, and brought to this version's tables. */
export async function connectDatabase(config: ServerConfig, log: Logger, opened: Closers): Promise<Database> {
  let url = config.databaseUrl;
  if (url === null) {
    const engine = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
    opened.add(engine.stop);
    url = engine.url;
  }
  const db = openDatabase(url);
  opened.add(() => db.destroy());
  const what = { name: 'PostgreSQL', setting: 'DATABASE_URL' };
  await waitFor(what, () => sql`select 1`.execute(db), { log, limitMs: startLimitMs });
  await migrateToLatest(db);
  return db;
}

export async function connectRedis(config: ServerConfig, log: Logger, opened: Closers): Promise<Redis> {
  let url = config.redisUrl;
  if (url === null) {
    const engine = await startEmbeddedRedis({ dataDir: config.dataDir, log });
    opened.add(engine.stop);
    url = engine.url;
  }
  const redis = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true });
  redis.on('error', () => undefined); // it reconnects by itself; whoever asks it in vain says so
  opened.add(() => Promise.resolve(redis.disconnect()));
  const what = { name: 'Redis', setting: 'REDIS_URL' };
  await waitFor(what, () => probe(url), { log, limitMs: startLimitMs });
  await redis.connect();
  return redis;
}

async function probe(url: string): Promise<void> {
  const once = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 5_000 });
  let reason: unknown;
  once.on('error', (error) => (reason = error));
  try {
    await once.connect();
    await once.ping();
  } catch (error) {
    throw reason ?? error;
  } finally {
    once.disconnect();
  }
}
