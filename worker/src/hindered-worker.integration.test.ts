// A worker whose disk fills up, and one whose token the server stops accepting.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attemptJobId, attemptQueue } from '@sluice/pipelines/protocol/queues';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { beginWorker } from './begin-worker.ts';
import { readWorkerConfig } from './config.ts';
import { startFakeServer, workerToken, type FakeServer } from './server-client/fake-server.fixture.ts';
import { startWorker, type RunningWorker } from './start-worker.ts';
import { aClaim } from './stages/claim.fixture.ts';

const redisUrl = process.env['REDIS_URL'];
const canMount = process.platform === 'linux' && process.getuid?.() === 0 && mountWorks();
const onHost = { image: null };
const until = 'while [ ! -e go ]; do head -c 30000 /dev/urandom | base64; sleep 0.05; done; echo done';

describe.skipIf(redisUrl === undefined)('a worker (needs REDIS_URL)', () => {
  let data: string;
  let spools: string;
  let server: FakeServer;
  let redis: Redis;
  let queue: Queue;
  let worker: RunningWorker;
  let health: string;
  let told: { readonly msg: string }[];
  const mounts: string[] = [];

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'sluice-hindered-'));
    spools = join(data, 'worker', 'spools');
    server = await startFakeServer();
    redis = new Redis(redisUrl ?? '', { maxRetriesPerRequest: null });
    told = [];
  });
  afterEach(async () => {
    await worker.stop();
    for (const mount of mounts.splice(0)) execFileSync('umount', [mount]);
    await queue.obliterate({ force: true });
    await queue.close();
    redis.disconnect();
    await server.close();
    await rm(data, { recursive: true, force: true });
  });

  const start = async (): Promise<void> => {
    const queuePrefix = `sluice-test-${randomUUID().slice(0, 8)}`;
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    queue = new Queue(attemptQueue('default'), { connection: redis, prefix: queuePrefix });
    health = `http://127.0.0.1:${port}`;
    const config = readWorkerConfig({
      SLUICE_SERVER_URL: server.url,
      SLUICE_WORKER_TOKEN: workerToken,
      REDIS_URL: redisUrl,
      SLUICE_DATA: data,
      SLUICE_QUEUE_PREFIX: queuePrefix,
      SLUICE_ALLOW_PROCESS_EXECUTOR: '1',
      SLUICE_DRAIN_MS: '0',
      SLUICE_AT_STOP: 'end',
      SLUICE_HEALTH_PORT: String(port),
      PATH: process.env['PATH'],
      DOCKER_HOST: process.env['DOCKER_HOST'],
    });
    const log = pino({ base: null }, { write: (line: string) => void told.push(JSON.parse(line)) });
    worker = await startWorker(config, await beginWorker(config), log);
  };
  const give = async (claim: Claim): Promise<void> => {
    server.claim = claim;
    const job = { runId: claim.runId, stage: claim.stage.id, attempt: claim.attempt };
    await queue.add('attempt', job, { jobId: attemptJobId(job) });
  };
  const linesOf = (claim: Claim): number =>
    server.records(claim.attemptId).filter((record) => record.kind === 'log').length;
  const letGo = (claim: Claim) =>
    writeFile(join(data, 'worker', 'attempts', claim.attemptId, 'workspace', 'go'), '');
  const readiness = async (): Promise<unknown> => (await fetch(`${health}/readyz`)).json();
  const ready = { status: 'ok' };

  test.skipIf(!canMount)(
    'whose spools’ disk fills up ends what runs, says which disk, and goes on when there is room (needs mount)',
    async () => {
      await mkdir(spools, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', spools]);
      mounts.push(spools);
      await start();
      expect(await readiness()).toEqual(ready);
      const claim = aClaim([until], { work: onHost });
      await give(claim);
      await expect.poll(() => linesOf(claim)).toBeGreaterThan(3);
      await fill(spools);
      const end = await server.finished(claim.attemptId);
      const message = expect.stringMatching(
        /could not be written down.*disk is full.*spools.*Free space there.*SLUICE_DATA/,
      );
      expect(end.outcome).toMatchObject({ failure: { class: 'infrastructure', message } });
      const records = server.records(claim.attemptId);
      const lines = records.flatMap((record) => (record.kind === 'log' ? record.lines : []));
      expect(end.logLines).toBe(lines.length);
      expect(lines.at(-1)?.[2]).toContain('disk is full');

      await expect.poll(readiness).toMatchObject({ reason: 'not-ready', reasons: [{ obstacle: 'disk' }] });
      expect(await (await fetch(`${health}/metrics`)).text()).toContain(
        'sluice_worker_obstacle{kind="disk"} 1',
      );
      const next = aClaim(['echo well'], { work: onHost });
      const claims = server.claims.length;
      await give(next);
      await rm(join(spools, 'filler'));
      expect(server.claims.length).toBe(claims);
      expect(await server.finished(next.attemptId)).toMatchObject({ outcome: { result: 'succeeded' } });
      expect(await readiness()).toEqual(ready);
      expect(told.filter(({ msg }) => msg.startsWith('taking no more work'))).toHaveLength(1);
      await expect.poll(() => readdir(spools)).toEqual([]);
    },
  );

  test('whose token is refused says so once, begins nothing, and delivers all when it is right again', async () => {
    await start();
    const claim = aClaim([until], { work: onHost });
    await give(claim);
    await expect.poll(() => linesOf(claim)).toBeGreaterThan(1);
    let refused = 0;
    server.failWith = () => ((refused += 1), 401);
    await expect.poll(readiness).toMatchObject({ reasons: [{ obstacle: 'token' }] });
    const next = aClaim(['echo well'], { work: onHost });
    await give(next);
    await letGo(claim);
    await expect.poll(() => refused).toBeGreaterThan(6);
    expect(await readdir(spools)).toEqual([expect.stringContaining(claim.attemptId)]);
    expect(server.claims).toHaveLength(1);
    server.failWith = () => null;
    expect(await server.finished(claim.attemptId)).toMatchObject({ outcome: { result: 'succeeded' } });
    expect(await server.finished(next.attemptId)).toMatchObject({ outcome: { result: 'succeeded' } });
    const said = told.filter(({ msg }) => /401|token/.test(msg)).map(({ msg }) => msg);
    expect(said).toEqual([
      expect.stringMatching(/taking no more work: .*does not accept our token.*SLUICE_WORKER_TOKEN/),
      'the server accepts our token again: taking work',
    ]);
    await expect.poll(() => readdir(spools)).toEqual([]);
  });

  /** All but some bytes. */
  async function fill(folder: string): Promise<void> {
    const { bavail, bsize } = await statfs(folder);
    spawnSync('fallocate', ['-l', String((bavail - 2) * bsize), join(folder, 'filler')]);
    while ((await statfs(folder)).bavail > 2) await sleep(10);
  }
});

function mountWorks(): boolean {
  const folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
  if (status === 0) spawnSync('umount', [folder]);
  spawnSync('rmdir', [folder]);
  return status === 0;
}
