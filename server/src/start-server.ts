import { createServer } from 'node:http';
import path from 'node:path';
import type { Logger } from 'pino';
import { V7Generator } from 'uuidv7';
import { createDoorkeeper } from './auth/authenticate.ts';
import { ensureCliToken } from './auth/cli-token.ts';
import { allowedHosts } from './auth/same-origin.ts';
import { newToken } from './auth/token.ts';
import { openDiskBlobStore } from './blobs/disk-blob-store.ts';
import { openS3BlobStore } from './blobs/s3-blob-store.ts';
import { closers, type Closers } from './closers.ts';
import type { ServerConfig } from './config.ts';
import { connectDatabase, connectRedis } from './connect-engines.ts';
import type { ServerContext } from './context.ts';
import { readOrCreatePrivateFile } from './embedded/private-file.ts';
import { apiRoutes } from './http/api-routes.ts';
import { createApp } from './http/create-app.ts';
import { workerRoutes } from './http/worker-routes.ts';
import { createLeaving, type Leaving } from './leaving.ts';
import { closeServer, listen } from './listen.ts';
import { attachLive } from './live/attach-live.ts';
import { refuseOtherUpgrades } from './live/upgrade.ts';
import { startNotifications } from './notifications/send-notifications.ts';
import { clockSteps } from './orchestrator/metrics.ts';
import { openNews } from './orchestrator/news.ts';
import { startResultSeeker } from './orchestrator/seek-results.ts';
import { startOrchestrator } from './orchestrator/start-orchestrator.ts';
import { openMirrors } from './repositories/mirrors.ts';
import { loadMasterKey } from './secrets/master-key.ts';
import { createSealer } from './secrets/sealer.ts';
import { attachShells } from './shell/attach-shells.ts';
import { openDatabaseClock } from './store/database-clock.ts';
import { ensureInstallation } from './store/installation-store.ts';
import { findTemplateRepository } from './store/repository-store.ts';
import { startSchedules } from './schedules/fire-schedules.ts';
import { startDeliveryWorker } from './webhooks/delivery-worker.ts';
import { processDelivery } from './webhooks/process-delivery.ts';

export interface RunningServer {
  /** Where it listens. */
  readonly url: string;
  readonly context: ServerContext;
  /** Says that it ends soon; resolves when balancers had `SLUICE_LEAVE_MS` to hear it, or when `hurry` aborts. */
  readonly leave: (hurry: AbortSignal) => Promise<void>;
  /** Ends everything in order: doors first, database last. */
  readonly close: () => Promise<void>;
}

const uploadLimitMs = 3_600_000;
/** Longer than load balancers keep theirs: who closes first loses a request that is just on its way. */
const idleMs = 75_000;

/** Builds everything and listens. When it throws, nothing that it started is left. */
export async function startServer(config: ServerConfig, log: Logger): Promise<RunningServer> {
  const opened = closers();
  try {
    const context = await openContext(config, log, opened);
    const leaving = createLeaving();
    const url = await openDoors(config, context, leaving, opened);
    log.info({ url, installation: context.installation }, 'the server listens');
    const leave = (hurry: AbortSignal) => leaving.begin(config.leaveMs, hurry);
    return { url, context, leave, close: opened.close };
  } catch (error) {
    await opened.close().catch((left: unknown) => log.error({ err: left }, 'not everything was closed'));
    throw error;
  }
}

async function openContext(config: ServerConfig, log: Logger, opened: Closers): Promise<ServerContext> {
  const { dataDir } = config;
  const db = await connectDatabase(config, log, opened);
  const redis = await connectRedis(config, log, opened);
  const { key, source } = await loadMasterKey(config.masterKey, dataDir);
  const clock = await openDatabaseClock(db, (stepMs) => tellStep(log, stepMs));
  opened.add(clock.close);
  const { now } = clock;
  const ids = new V7Generator();
  const newId = (): string => ids.generateOrResetWithTs(now()).toString();
  const parts = { db, sealer: createSealer(key), now, newId };
  const installation = await ensureInstallation(parts, source);
  await ensureCliToken(parts, dataDir);
  const news = openNews(redis, log);
  opened.add(() => news.close());
  const { queuePrefix, cacheLimitBytes, stepLogBytes } = config;
  const blobs =
    config.s3 === null ? openDiskBlobStore(path.join(dataDir, 'blobs')) : openS3BlobStore(config.s3);
  return { ...parts, redis, log, installation, news, queuePrefix, blobs, cacheLimitBytes, stepLogBytes };
}

function tellStep(log: Logger, stepMs: number): void {
  clockSteps.inc();
  const way = stepMs > 0 ? 'forward' : 'back';
  log.warn(
    { stepMs },
    `the clock of PostgreSQL's host was set ${way} by ${Math.abs(stepMs) / 1_000} s, or this host was suspended; what ` +
      'workers hold stays theirs, but timers are due by the new time: let that host keep time in small steps',
  );
}

/** Starts what works by itself, then the doors; closed in the opposite order. */
async function openDoors(
  config: ServerConfig,
  context: ServerContext,
  leaving: Leaving,
  opened: Closers,
): Promise<string> {
  const cloneRules = { fileFolders: config.fileRepositories, privateHosts: config.privateHosts };
  const mirrors = openMirrors(path.join(config.dataDir, 'mirrors'), cloneRules, (user, address) =>
    findTemplateRepository(context, user.id, address),
  );
  const origins = { hosts: allowedHosts(config.host, config.publicUrl), publicUrl: config.publicUrl };
  const doorkeeper = createDoorkeeper(context, origins);
  const workerToken =
    config.workerToken ??
    (
      await readOrCreatePrivateFile(path.join(config.dataDir, 'worker-token'), () => `${newToken()}\n`)
    ).trim();

  const orchestrator = startOrchestrator(context);
  opened.add(() => orchestrator.close());
  const seeker = startResultSeeker(context, mirrors);
  opened.add(() => seeker.close());
  const schedules = startSchedules(context, mirrors);
  opened.add(() => schedules.close());
  const notifications = startNotifications(context, {
    privateHosts: config.privateHosts,
    publicUrl: config.publicUrl?.href.replace(/\/$/, '') ?? null,
  });
  opened.add(() => notifications.close());
  const deliveries = startDeliveryWorker(context, (delivery) => processDelivery(context, mirrors, delivery));
  opened.add(deliveries.close);
  opened.add(mirrors.close); // before those who may wait for Git
  const app = createApp({
    context,
    doorkeeper,
    origins,
    workerToken,
    leaving,
    mirrors,
    cloneRules,
    webRoot: config.webRoot,
    onDelivery: deliveries.wake,
    workerRoutes: workerRoutes(context),
    apiRoutes: apiRoutes(context),
  });
  // An artifact of some gigabytes over a slow line takes longer than Node's five minutes.
  const server = createServer({ requestTimeout: uploadLimitMs, keepAliveTimeout: idleMs }, app);
  const url = await listen(server, config);
  opened.add(() => closeServer(server));
  refuseOtherUpgrades(server, ['/live', '/shell/', '/worker/shells/']);
  const live = attachLive(server, context, doorkeeper.authenticate);
  opened.add(() => live.close());
  const { authenticate } = doorkeeper;
  const shells = attachShells(server, context, {
    authenticate,
    workerToken,
    internalUrl: config.internalUrl,
  });
  opened.add(() => shells.close());
  return url;
}
