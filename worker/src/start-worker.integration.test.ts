import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attemptJobId, attemptQueue, newsChannel } from '@sluice/pipelines/protocol/queues';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { beginWorker } from './begin-worker.ts';
import type { WorkerConfig } from './config.ts';
import { connectDocker } from './executors/docker/docker-connection.ts';
import { startFakeServer, workerToken, type FakeServer } from './server-client/fake-server.fixture.ts';
import { startWorker, type RunningWorker } from './start-worker.ts';
import { sortSpools } from './spool/find-unfinished.ts';
import { createSpool, defaultSpoolLimits } from './spool/spool.ts';
import { writeAttemptRecord } from './stages/attempt-record.ts';
import { aClaim } from './stages/claim.fixture.ts';
import { openWorkerFolder } from './worker-folder.ts';

const redisUrl = process.env['REDIS_URL'];
const dockerHost = process.env['DOCKER_HOST'];
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const isReady = redisUrl !== undefined && dockerHost !== undefined;

describe.skipIf(!isReady)('a worker on real Redis and Docker (needs REDIS_URL and DOCKER_HOST)', () => {
  const docker = connectDocker(dockerHost ?? '');
  let data: string;
  let prefix: string;
  let server: FakeServer;
  let redis: Redis;
  let queue: Queue;
  let worker: RunningWorker | null;

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'sluice-worker-'));
    prefix = `sluice-test-${randomUUID().slice(0, 8)}`;
    server = await startFakeServer();
    redis = new Redis(redisUrl ?? '', { maxRetriesPerRequest: null });
    queue = new Queue(attemptQueue('default'), { connection: redis, prefix });
    worker = null;
  });
  afterEach(async () => {
    await worker?.stop();
    await queue.obliterate({ force: true });
    await queue.close();
    redis.disconnect();
    await server.close();
    await rm(data, { recursive: true, force: true });
  });

  const start = async (drainMs = 0): Promise<RunningWorker> => {
    const config: WorkerConfig = {
      serverUrl: server.url,
      workerToken,
      redisUrl: redisUrl ?? '',
      dockerHost: dockerHost ?? '',
      folder: join(data, 'worker'),
      slots: 2,
      pool: 'default',
      allowsProcessExecutor: true,
      path: process.env['PATH'] ?? '',
      stepIsolation: 'auto',
      stepWritable: [],
      home: null,
      atStop: 'end',
      orphans: { everyMs: 60_000, overMs: 60_000, unknownMs: 600_000 },
      queuePrefix: prefix,
      haproxy: 'haproxy',
      hookHosts: [],
      kubeconfigPath: null,
      fileSubmodules: [],
      executor: 'docker',
      pods: { namespace: null, settingsPath: null, cluster: null, patienceMs: 60_000, isInCluster: false },
      serviceLimits: { memoryBytes: 512 * 1024 * 1024, pids: 256 },
      drainMs,
      health: null,
    };
    const log = pino({ level: process.env['SLUICE_LOG_LEVEL'] ?? 'silent' });
    worker = await startWorker(config, await beginWorker(config), log);
    return worker;
  };
  const enqueue = async (claim: Claim): Promise<void> => {
    const job = { runId: claim.runId, stage: claim.stage.id, attempt: claim.attempt };
    await queue.add('attempt', job, { jobId: attemptJobId(job) });
  };
  const containersOf = async (runId: string): Promise<number> =>
    (await docker.listContainers({ all: true, filters: { label: [`sluice.run=${runId}`] } })).length;
  const untilItSays = async (claim: Claim, text: string): Promise<void> => {
    while (!JSON.stringify(server.records(claim.attemptId)).includes(text)) await sleep(10);
  };

  test('takes a job, runs its steps in a container, reports all and leaves nothing', async () => {
    const claim = aClaim(['echo hello', 'cat /sluice/step-1 | wc -l; exit 2'], { work: { image } });
    server.claim = claim;
    await start();
    await enqueue(claim);
    expect(await server.finished(claim.attemptId)).toMatchObject({
      outcome: { result: 'failed', failure: { exitCode: 2 } },
      logLines: 3,
    });
    await worker?.stop();
    expect(await containersOf(claim.runId)).toBe(0);
    expect(await readdir(join(data, 'worker', 'attempts'))).toEqual([]);
    expect(server.claims.length).toBe(1);
  });

  test('a cancel stops a running step', async () => {
    const claim = aClaim(['echo ready; sleep 600'], { work: { image } });
    server.claim = claim;
    await start();
    await enqueue(claim);
    await untilItSays(claim, 'ready');
    server.cancel = { attemptId: claim.attemptId, reason: 'by ann' };
    await redis.publish(newsChannel, JSON.stringify({ kind: 'cancel', attemptId: claim.attemptId }));
    expect(await server.finished(claim.attemptId)).toMatchObject({
      outcome: { result: 'cancelled', reason: 'by ann' },
    });
  });

  test('Redis that loses every key in the middle disturbs nothing, and the job that comes again starts nothing', async () => {
    const claim = aClaim(['echo ready; while [ ! -f go ]; do sleep 0.1; done; echo done'], {
      work: { image: null },
    });
    server.claim = claim;
    await start();
    await enqueue(claim);
    await untilItSays(claim, 'ready');
    const keys = await redis.keys(`${prefix}:*`);
    await redis.del(keys);
    server.claim = 'held';
    await enqueue(claim);
    await expect.poll(() => queue.getJobCountByTypes('waiting', 'active')).toBe(0);
    const [workspace = ''] = await readdir(join(data, 'worker', 'attempts'));
    await writeFile(join(data, 'worker', 'attempts', workspace, 'workspace', 'go'), '');
    expect(await server.finished(claim.attemptId)).toMatchObject({ outcome: { result: 'succeeded' } });
    expect(server.claims.length).toBe(1);
    server.claim = aClaim(['echo next'], { work: { image: null } });
    await enqueue(server.claim);
    await server.finished(server.claim.attemptId);
  });

  test('a server that is away when a job comes is asked until it answers', async () => {
    const claim = aClaim(['echo hello'], { work: { image: null } });
    server.claim = claim;
    await start();
    await server.close();
    await enqueue(claim);
    await sleep(300);
    await server.open();
    expect(await server.finished(claim.attemptId)).toMatchObject({ outcome: { result: 'succeeded' } });
  });

  test('a stopped worker ends what runs as infrastructure and removes its container', async () => {
    const claim = aClaim(['echo ready; sleep 600'], { work: { image } });
    server.claim = claim;
    const running = await start();
    await enqueue(claim);
    await untilItSays(claim, 'ready');
    await running.stop();
    expect(await server.finished(claim.attemptId)).toMatchObject({
      outcome: { failure: { class: 'infrastructure' } },
    });
    expect(await containersOf(claim.runId)).toBe(0);
  });

  test('what a killed process left on the engine is removed at the next start', async () => {
    const { workerId } = await start();
    await worker?.stop();
    const run = randomUUID();
    const container = await docker.createContainer({
      Image: image,
      Cmd: ['sleep', '600'],
      Labels: { sluice: 'test', 'sluice.run': run, 'sluice.attempt': '1', 'sluice.worker': workerId },
    });
    await container.start();
    expect((await start()).workerId).toBe(workerId);
    expect(await containersOf(run)).toBe(0);
  });

  test('an attempt between two steps survives processes that are killed before they have taken it up', async () => {
    const { attemptId } = aClaim([]);
    const { attempts, spools } = await openWorkerFolder(join(data, 'worker'));
    const spool = await createSpool(
      join(spools, `${attemptId}-1.jsonl`),
      { attemptId, fence: 1 },
      {
        ...defaultSpoolLimits,
        onProblem: () => undefined,
      },
    );
    spool.append({ kind: 'step-started', step: 0, at: 1 });
    await spool.close('keep');
    await writeFile(join(spools, `${attemptId}-2.jsonl.new`), '');
    await mkdir(join(attempts, attemptId));
    await writeAttemptRecord(join(attempts, attemptId), {
      startedAt: 1,
      startedTick: null,
      failure: null,
      outcome: null,
    });
    server.failWith = (path) => (path.endsWith('/adopt') ? 503 : null);
    await start();
    await worker?.stop();
    const { unfinished } = await sortSpools(
      await openWorkerFolder(join(data, 'worker')),
      pino({ level: 'silent' }),
    );
    expect(unfinished.map(({ header }) => header.attemptId)).toEqual([attemptId]);
    expect(await readdir(spools)).toEqual([`${attemptId}-1.jsonl`]);
  });

  test('200,000 lines arrive complete, with the count and the digest that prove it', async () => {
    const lines = 200_000;
    const claim = aClaim([`seq 1 ${lines}`], { work: { image } });
    server.claim = claim;
    await start();
    await enqueue(claim);
    const expected = createHash('sha256');
    for (let n = 1; n <= lines; n += 1) expected.update(`${n}\n`);
    expect(await server.finished(claim.attemptId)).toMatchObject({
      logLines: lines,
      logDigest: expected.digest('hex'),
    });
    expect(server.repeated).toEqual([]);
  });
});
