import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import { createDoorkeeper } from './auth/authenticate.ts';
import { ensureCliToken } from './auth/cli-token.ts';
import { allowedHosts } from './auth/same-origin.ts';
import { newToken } from './auth/token.ts';
import { closers, type Closers } from './closers.ts';
import type { ServerConfig } from './config.ts';
import type { ServerContext } from './context.ts';
import { startEmbeddedPostgres } from './embedded/postgres.ts';
import { readOrCreatePrivateFile } from './embedded/private-file.ts';
import { startEmbeddedRedis } from './embedded/redis.ts';
import { apiRoutes } from './http/api-routes.ts';
import { createApp } from './http/create-app.ts';
import { workerRoutes } from './http/worker-routes.ts';
import { attachLive } from './live/attach-live.ts';
import { openNews } from './orchestrator/news.ts';
import { startOrchestrator } from './orchestrator/start-orchestrator.ts';
import { openMirrors } from './repositories/mirrors.ts';
import { loadMasterKey } from './secrets/master-key.ts';
import { createSealer } from './secrets/sealer.ts';
import { openDatabase, type Database } from './store/database.ts';
import { ensureInstallation } from './store/installation-store.ts';
import { migrateToLatest } from './store/migrate.ts';
import { waitFor } from './wait-for.ts';
import { startDeliveryWorker } from './webhooks/delivery-worker.ts';
import { processDelivery } from './webhooks/process-delivery.ts';

export interface RunningServer {
  /** Where it listens. */
  readonly url: string;
  readonly context: ServerContext;
  /** Ends everything in order: doors first, database last. */
  readonly close: () => Promise<void>;
}

const startLimitMs = 60_000;

/** Builds everything and listens. When it throws, nothing that it started is left. */
export async function startServer(config: ServerConfig, log: Logger): Promise<RunningServer> {
  const opened = closers();
  try {
    const context = await openContext(config, log, opened);
    const url = await openDoors(config, context, opened);
    log.info({ url, installation: context.installation }, 'the server listens');
    return { url, context, close: opened.close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openContext(config: ServerConfig, log: Logger, opened: Closers): Promise<ServerContext> {
  const { dataDir } = config;
  const db = await connectDatabase(config, log, opened);
  const redis = await connectRedis(config, log, opened);
  const { key, source } = await loadMasterKey(config.masterKey, dataDir);
  const parts = { db, sealer: createSealer(key), now: Date.now, newId: uuidv7 };
  const installation = await ensureInstallation(parts, source);
  await ensureCliToken(parts, dataDir);
  const news = openNews(redis, log);
  opened.add(() => news.close());
  const { queuePrefix } = config;
  return { ...parts, redis, log, installation, news, queuePrefix, blobDir: path.join(dataDir, 'blobs') };
}

async function connectDatabase(config: ServerConfig, log: Logger, opened: Closers): Promise<Database> {
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

async function connectRedis(config: ServerConfig, log: Logger, opened: Closers): Promise<Redis> {
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

/** Starts what works by itself, then the doors; closed in the opposite order. */
async function openDoors(config: ServerConfig, context: ServerContext, opened: Closers): Promise<string> {
  const cloneRules = { fileFolders: config.fileRepositories, privateHosts: config.privateHosts };
  const mirrors = openMirrors(path.join(config.dataDir, 'mirrors'), cloneRules);
  const origins = { hosts: allowedHosts(config.host, config.publicUrl), publicUrl: config.publicUrl };
  const doorkeeper = createDoorkeeper(context, origins);
  const workerToken =
    config.workerToken ??
    (
      await readOrCreatePrivateFile(path.join(config.dataDir, 'worker-token'), () => `${newToken()}\n`)
    ).trim();

  const orchestrator = startOrchestrator(context);
  opened.add(() => orchestrator.close());
  const deliveries = startDeliveryWorker(context, (delivery) => processDelivery(context, mirrors, delivery));
  opened.add(deliveries.close);
  const app = createApp({
    context,
    doorkeeper,
    origins,
    workerToken,
    mirrors,
    cloneRules,
    webRoot: config.webRoot,
    onDelivery: deliveries.wake,
    workerRoutes: workerRoutes(context),
    apiRoutes: apiRoutes(context),
  });
  const server = createServer(app);
  const url = await listen(server, config);
  opened.add(() => closeServer(server));
  const live = attachLive(server, context, doorkeeper.authenticate);
  opened.add(() => live.close());
  return url;
}

function listen(server: Server, { host, port }: ServerConfig): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} of ${host} is taken: end the other program, or set SLUICE_PORT.`)
          : error,
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      const bound = address !== null && typeof address === 'object' ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

const lastAnswersMs = 5_000;

/** Requests under way may end; after a while they are cut off. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), lastAnswersMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
