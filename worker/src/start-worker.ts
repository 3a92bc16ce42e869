import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { defaultPool } from '@sluice/pipelines/protocol/queues';
import type { Logger } from 'pino';
import { hostClock } from './attempt-clock.ts';
import type { BegunWorker } from './begin-worker.ts';
import { reapImages } from './build/reap-images.ts';
import { createCheckout } from './checkout/check-out.ts';
import type { WorkerConfig } from './config.ts';
import { startActionConsumer, type LiveActions } from './consumers/action-consumer.ts';
import { startAttemptConsumer } from './consumers/attempt-consumer.ts';
import { listenForCancels } from './consumers/cancel-listener.ts';
import { startHeartbeat } from './consumers/heartbeat.ts';
import { ensureProxies } from './deploy/docker/running-services.ts';
import { guardSightings } from './deploy/kubernetes/guard/guard-sightings.ts';
import { performAction } from './deploy/perform-action.ts';
import { connectDocker, isLocalEngine } from './executors/docker/docker-connection.ts';
import { createDockerExecutor } from './executors/docker/docker-executor.ts';
import { removeLeftovers } from './executors/docker/remove-leftovers.ts';
import type { Pods } from './executors/kubernetes/connect-pods.ts';
import { openHost } from './executors/process/open-host.ts';
import { createProcessExecutor } from './executors/process/process-executor.ts';
import { endProcesses, removeProcesses } from './executors/process/remove-processes.ts';
import { watchDrift } from './drift/watch-drift.ts';
import { canaryWatch } from './orphans/canary-watch.ts';
import { dockerPlace } from './orphans/docker-place.ts';
import { hostPlace } from './orphans/host-place.ts';
import type { OrphanPlace } from './orphans/orphan-place.ts';
import { reapOrphans } from './orphans/reap-orphans.ts';
import { createReadiness } from './readiness/readiness.ts';
import { serveHealth } from './readiness/serve-health.ts';
import { watchDisk } from './readiness/watch-disk.ts';
import { createServerClient } from './server-client/server-client.ts';
import { createShellHost } from './shells/shell-host.ts';
import { deliverLeftovers } from './spool/deliver-leftovers.ts';
import { sortSpools, type UnfinishedAttempt } from './spool/find-unfinished.ts';
import { openAttemptFolders } from './stages/attempt-folders.ts';
import type { LiveAttempts } from './stages/live-attempt.ts';
import { createStageRunners } from './stages/stage-registry.ts';
import { removeOldAttempts } from './worker-folder.ts';

export interface RunningWorker {
  readonly workerId: string;
  /**
   * Takes no more work and waits `drainMs` for what runs. The rest is then left to the next process of this worker, as
   * after a kill, and the process has to exit when this resolves; or, where `atStop` is `end`, it is ended as
   * `infrastructure`, so that nothing of this worker is left but spools that the server has not acknowledged.
   */
  readonly stop: () => Promise<void>;
  /** While it stops: waits no longer. */
  readonly hurry: () => void;
}

/** Connects and starts taking work. Resolves while the server or Redis are still away: it waits for them. */
export async function startWorker(
  config: WorkerConfig,
  { folder, releaseFolder, stopKeeping }: BegunWorker,
  log: Logger,
): Promise<RunningWorker> {
  const docker = connectDocker(config.dockerHost);
  const readiness = createReadiness(log);
  const server = createServerClient(config.serverUrl, config.workerToken, (refusal) =>
    readiness.note('token', refusal),
  );
  const disk = await watchDisk(folder.spools, readiness);
  const redis = connectRedis(config.redisUrl, log);
  const live: LiveAttempts = new Map();
  const { serverUrl, workerToken } = config;
  const shells = createShellHost({ server, serverUrl, workerToken, workerId: folder.workerId, log });
  const abandon = new AbortController();

  const left = await sortSpools(folder, log);
  const goingOn = left.unfinished.filter(({ wasUsed }) => wasUsed).map(({ header }) => header.attemptId);
  const host = await openHost(config, folder.workerId, log);
  const ended = await removeProcesses(folder.attempts, new Set(goingOn), host);
  if (ended > 0) log.warn({ ended }, 'ended processes that attempts of an earlier process left on this host');
  // Also of one of which nothing goes on: what its record says is needed until another process has taken it up.
  await removeOldAttempts(folder, new Set(left.unfinished.map(({ header }) => header.attemptId)));
  await sweep(docker, folder.workerId, left.unfinished, log);
  const leftovers = deliverLeftovers(server, left.leftovers, log, abandon.signal);

  const pods = config.executor === 'kubernetes' ? await openPods(config, log) : null;
  const runners = createStageRunners({
    image: pods?.executor ?? createDockerExecutor(docker, { isLocal: isLocalEngine(config.dockerHost) }),
    process: createProcessExecutor(host),
  });
  const deps = {
    folder,
    server,
    docker,
    checkout: createCheckout(folder.mirrors, { fileFolders: config.fileSubmodules }),
    runners,
    shells,
    pods: pods?.place ?? null,
    log,
    clock: hostClock(),
    endProcesses: (attemptId: string) => endProcesses(folder.attempts, attemptId, host),
    openFolders: openAttemptFolders,
  };
  const self = { workerId: folder.workerId, pool: config.pool, slots: config.slots };
  const hurry = new AbortController();
  const stopping = new AbortController();
  const state = (): 'draining' | undefined => (stopping.signal.aborted ? 'draining' : undefined);
  const liveActions: LiveActions = new Set();
  const heart = startHeartbeat(
    server,
    { ...self, live, shells, actions: liveActions, everyMs: 5_000, state },
    log,
  );
  const subscriber = redis.duplicate();
  subscriber.on('error', () => undefined); // told once, by `redis`
  listenForCancels(subscriber, { workerId: folder.workerId, live }, heart.beat).catch(() => undefined); // subscribes again by itself
  const consumer = startAttemptConsumer(deps, {
    ...config,
    redis,
    live,
    readiness,
    abandon: abandon.signal,
    unfinished: left.unfinished,
    spooled: left.attempts,
  });
  void consumer.answered.then(stopKeeping);
  const parts = {
    docker,
    dataDir: config.folder,
    haproxy: config.haproxy,
    hookHosts: config.hookHosts,
    limits: config.serviceLimits,
    kubeconfigPath: config.kubeconfigPath,
    guards: guardSightings(),
    path: config.path,
    checkout: deps.checkout,
    now: Date.now,
  };
  for (const problem of await ensureProxies(parts)) log.error(problem);
  const stopReaping = reapImages(docker, folder.workerId, log);
  const places = [
    dockerPlace(docker),
    ...(pods === null ? [] : [pods.orphans]),
    hostPlace(folder, host, Date.now),
  ];
  const reaper = reapOrphans(
    {
      ...config.orphans,
      server: server.orphans,
      workerId: folder.workerId,
      places,
      canaries: canaryWatch(parts, log),
      underWay: live,
      log,
    },
    Math.random,
  );
  const drift =
    config.pool === defaultPool
      ? watchDrift(
          { ...parts, server: server.drift, workerId: folder.workerId, everyMs: driftEveryMs, log },
          Math.random,
        )
      : null;
  const actions = startActionConsumer({
    ...config,
    server,
    redis,
    log,
    workerId: folder.workerId,
    readiness,
    live: liveActions,
    perform: (claim, signal) => performAction(claim, parts, signal),
  });
  const { slots, health } = config;
  const facts = { readiness, isStopping: () => stopping.signal.aborted, attempts: () => live.size, slots };
  const closeHealth =
    health === null ? null : await serveHealth(health, { ...facts, spoolFreeBytes: disk.freeBytes });
  if (readiness.reasons().size === 0)
    log.info({ workerId: folder.workerId, pool: config.pool, slots }, 'worker is taking work');

  return {
    workerId: folder.workerId,
    hurry: () => hurry.abort(),
    stop: async () => {
      stopping.abort();
      void heart.beat();
      const closed = Promise.all([consumer.close(), actions.close()]).then(() => true);
      await shells.close();
      const isDone = await Promise.race([closed, elapsed(config.drainMs, hurry.signal).then(() => false)]);
      if (!isDone && config.atStop === 'hand-over') {
        log.info({ attempts: live.size }, 'leaving what still runs to the next process of this worker');
        await heart.handOver();
      } else {
        live.forEach((attempt) => attempt.shutDown());
        const giveUp = setTimeout(() => abandon.abort(), goodbyeMs);
        await closed;
        clearTimeout(giveUp);
      }
      stopKeeping();
      abandon.abort();
      stopReaping();
      await Promise.all([reaper.close(), drift?.close()]);
      disk.stop();
      await closeHealth?.();
      heart.stop();
      await leftovers;
      subscriber.disconnect();
      redis.disconnect();
      if (isDone || config.atStop === 'end') await releaseFolder(); // a dead process's hold is no hindrance
    },
  };
}

/** Between two questions whether a place is to be looked at; so long a person may wait who asks for a look. */
const driftEveryMs = 20_000;

/** What a worker without pods needs not load. */
async function openPods(
  config: WorkerConfig,
  log: Logger,
): Promise<Pods & { readonly orphans: OrphanPlace }> {
  const { connectPods } = await import('./executors/kubernetes/connect-pods.ts');
  const { podPlace } = await import('./orphans/pod-place.ts');
  const pods = await connectPods(config.pods, config.kubeconfigPath, log);
  return { ...pods, orphans: podPlace(pods.cluster, pods.place) };
}

/** Resolves after `ms`, or when `signal` aborts. */
async function elapsed(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

/** Time for stopped attempts to clean up and to report. */
const goodbyeMs = 20_000;

function connectRedis(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(1_000, times * 50),
  });
  let isAway = false;
  redis.on('error', (error: Error) => {
    if (!isAway) log.warn(`Redis is away: ${error.message}. Running attempts go on; new ones wait for it.`);
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) log.info('Redis is back');
    isAway = false;
  });
  return redis;
}

async function sweep(
  docker: ReturnType<typeof connectDocker>,
  workerId: string,
  unfinished: readonly UnfinishedAttempt[],
  log: Logger,
): Promise<void> {
  try {
    const keep = new Set(unfinished.flatMap(({ engineIds }) => engineIds));
    const removed = await removeLeftovers(docker, { 'sluice.worker': workerId }, keep);
    if (removed > 0) log.warn({ removed }, 'removed what attempts of an earlier process left on the engine');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.warn(
      `the Docker engine does not answer: ${why}. Stages that need it will fail until it does; check DOCKER_HOST.`,
    );
  }
}
