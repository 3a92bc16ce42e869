// PostgreSQL and Redis: those that the settings name, or embedded ones. Waits for PostgreSQL at the start.
import { setTimeout as sleep } from 'node:timers/promises';
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
/** Redis only carries: the server does not stay away because Redis does. */
const redisPatienceMs = 2_000;

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
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined); // it reconnects by itself; whoever asks it in vain says so
  opened.add(() => Promise.resolve(redis.disconnect()));
  const isReady = new Promise<boolean>((resolve) => redis.once('ready', () => resolve(true)));
  if (!(await Promise.race([isReady, sleep(redisPatienceMs, false)]))) {
    log.warn(
      'Redis does not answer (REDIS_URL): webhooks and reports are taken without it, stages begin when it is back',
    );
    void isReady.then(() => log.info('Redis answers'));
  }
  return redis;
}
