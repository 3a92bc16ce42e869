// Two real servers on one database; the clock of one host is an hour ahead, and is then set back by two hours.
import { aPlan } from '@sluice/pipelines/plan/a-plan';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from './embedded/free-port.ts';
import { claimAttempt } from './orchestrator/claim-attempt.ts';
import { reportEnd } from './orchestrator/report-end.fixture.ts';
import { openTestCore, redisUrl, type TestCore } from './orchestrator/test-core.ts';
import { findAttempt, listAttempts, updateAttempt } from './store/attempt-store.ts';
import { findRun } from './store/run-store.ts';

const hour = 3_600_000;
const workerToken = 'the-token-of-workers';

describe.skipIf(redisUrl === undefined)('servers whose hosts disagree on the time (needs REDIS_URL)', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-clocks-'));
  const masterKey = randomBytes(32).toString('base64');
  let core: TestCore;
  let right: Server;
  let wrong: Server;

  beforeAll(async () => {
    core = await openTestCore();
    [right, wrong] = await Promise.all([aServer('right', 0), aServer('wrong', hour)]);
  });
  afterAll(async () => {
    for (const server of [right, wrong]) server.child.kill('SIGKILL');
    await core.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('end no lease of a worker that is heard, and that of a silent one when it is over', async () => {
    const heard = await aHeldAttempt('heard');
    const silent = await aHeldAttempt('silent');
    const beating = setInterval(() => void right.beat('heard', heard), 500);
    await lost(silent);
    clearInterval(beating);
    expect((await findAttempt(core.context.db, heard.attemptId))?.status).toBe('held');
    expect((await findRun(core.context.db, heard.runId))?.status).toBe('running');
  });

  test('give a lease of the same length, whichever of them is asked', async () => {
    const [one, other] = [await aHeldAttempt('one'), await aHeldAttempt('other')];
    await Promise.all([right.beat('one', one), wrong.beat('other', other)]);
    const [a, b] = await Promise.all(
      [one, other].map(({ attemptId }) => findAttempt(core.context.db, attemptId)),
    );
    expect(Math.abs((a?.lease_until ?? 0) - (b?.lease_until ?? hour))).toBeLessThan(hour / 2);
  });

  test('fire a timer when it is due, and none before', async () => {
    const later = await aFailedRun(hour / 2);
    const soon = await aFailedRun(3_000); // each of them has looked once by then
    await expect.poll(() => countAttempts(soon)).toBe(2);
    expect(await countAttempts(later)).toBe(1);
  });

  test('and one whose clock is set back goes on alone, with leases and with timers', async () => {
    right.child.kill('SIGKILL');
    await once(right.child, 'exit');
    wrong.setClock(-hour);
    const heard = await aHeldAttempt('heard');
    const silent = await aHeldAttempt('silent');
    const beating = setInterval(() => void wrong.beat('heard', heard), 500);
    const soon = await aFailedRun(1_000);
    await expect.poll(() => countAttempts(soon)).toBe(2);
    await lost(silent);
    clearInterval(beating);
    expect((await findAttempt(core.context.db, heard.attemptId))?.status).toBe('held');
  });

  interface Server {
    readonly child: ChildProcess;
    readonly setClock: (aheadMs: number) => void;
    readonly beat: (workerId: string, held: Claim) => Promise<void>;
  }

  async function aServer(name: string, aheadMs: number): Promise<Server> {
    const port = await freePort();
    const clock = path.join(folder, `${name}.clock`);
    const setClock = (ms: number): void => writeFileSync(clock, String(ms));
    setClock(aheadMs);
    const [fixture, main] = ['false-clock.fixture.ts', 'main.ts'].map((file) =>
      fileURLToPath(new URL(file, import.meta.url)),
    );
    const child = spawn(process.execPath, ['--import', 'tsx', '--import', fixture ?? '', main ?? ''], {
      env: {
        PATH: process.env['PATH'],
        FALSE_CLOCK: clock,
        DATABASE_URL: core.databaseUrl,
        REDIS_URL: redisUrl,
        SLUICE_DATA: path.join(folder, name),
        SLUICE_MASTER_KEY: masterKey,
        SLUICE_WORKER_TOKEN: workerToken,
        SLUICE_PORT: String(port),
        SLUICE_QUEUE_PREFIX: core.context.queuePrefix,
      },
      stdio: 'ignore',
    });
    const url = `http://127.0.0.1:${port}`;
    const isReady = async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok === true;
    await vi.waitUntil(isReady, { timeout: 60_000 });
    const beat: Server['beat'] = async (workerId, { attemptId, fence }) => {
      const body = { workerId, pool: 'default', slots: 1, attempts: [{ attemptId, fence }], actions: [] };
      const headers = { authorization: `Bearer ${workerToken}`, 'content-type': 'application/json' };
      await fetch(`${url}/worker/heartbeat`, { method: 'POST', headers, body: JSON.stringify(body) });
    };
    return { child, setClock, beat };
  }

  async function aHeldAttempt(workerId: string): Promise<Claim> {
    const runId = await core.start(aPlan().stage('test').done());
    return claim(runId, workerId);
  }

  async function claim(runId: string, workerId: string): Promise<Claim> {
    const answer = await claimAttempt(core.context, { runId, stage: 'test', attempt: 1, workerId });
    if (answer.kind === 'refused') throw new Error(answer.reason);
    return answer.claim;
  }

  /** Resolves when the attempt was lost, whose lease is made to end soon. */
  async function lost({ attemptId, runId }: Claim): Promise<void> {
    await core.context.db
      .transaction()
      .execute((trx) => updateAttempt(trx, attemptId, { lease_until: core.context.now() + 2_000 }));
    await expect.poll(async () => (await findRun(core.context.db, runId))?.status).toBe('failed');
  }

  /** Waits `delayMs` for its second attempt. */
  async function aFailedRun(delayMs: number): Promise<string> {
    const retry = { attempts: 2, delayMs, on: ['failed'] };
    const runId = await core.start(aPlan().stage('test', { retry }).done());
    const failure = { class: 'failed', message: 'exit 1', exitCode: 1 } as const;
    await reportEnd(core.context, await claim(runId, 'w'), { result: 'failed', failure });
    return runId;
  }

  async function countAttempts(runId: string): Promise<number> {
    return (await listAttempts(core.context.db, runId)).length;
  }
});
