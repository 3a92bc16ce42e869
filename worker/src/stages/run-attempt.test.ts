import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Claim, LogLine, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { createCheckout } from '../checkout/check-out.ts';
import { createFakeExecutor, type FakeExecutor } from '../executors/fake/fake-executor.ts';
import { startFakeServer, workerToken, type FakeServer } from '../server-client/fake-server.fixture.ts';
import { hostClock, type Clock } from '../attempt-clock.ts';
import { createServerClient } from '../server-client/server-client.ts';
import { openWorkerFolder, type WorkerFolder } from '../worker-folder.ts';
import { openAttemptFolders } from './attempt-folders.ts';
import { aClaim } from './claim.fixture.ts';
import { createLiveAttempt, type LiveAttempt } from './live-attempt.ts';
import { runAttempt } from './run-attempt.ts';
import { createStageRunners } from './stage-registry.ts';

let root: string;
let server: FakeServer;
let folder: WorkerFolder;
let executor: FakeExecutor;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-attempt-'));
  folder = await openWorkerFolder(root);
  server = await startFakeServer();
  executor = createFakeExecutor();
});
afterEach(async () => {
  expect(executor.openSessions()).toBe(0);
  expect(await readdir(folder.attempts)).toEqual([]);
  await server.close();
  await rm(root, { recursive: true, force: true });
});

interface Started {
  readonly attempt: LiveAttempt;
  readonly ended: Promise<void>;
  readonly abandon: AbortController;
}

function start(claim: Claim, clock: Clock = hostClock()): Started {
  const attempt = createLiveAttempt(claim.attemptId, claim.fence);
  const abandon = new AbortController();
  const deps = {
    folder,
    server: createServerClient(server.url, workerToken),
    docker: new Docker({ socketPath: '/nowhere' }),
    checkout: createCheckout(folder.mirrors),
    runners: createStageRunners({ image: executor, process: executor }),
    shells: {
      serve: () => {},
      hold: async () => false,
      held: () => [],
      heed: () => {},
      close: async () => {},
    },
    pods: null,
    log: pino({ level: 'silent' }),
    clock,
    endProcesses: async () => {},
    openFolders: openAttemptFolders,
  };
  return { attempt, abandon, ended: runAttempt(deps, claim, attempt, abandon.signal) };
}

const linesOf = (records: readonly WorkerRecord[]): LogLine[] =>
  records.flatMap((record) => (record.kind === 'log' ? record.lines : []));
const eventsOf = (records: readonly WorkerRecord[]): string[] =>
  records.flatMap((record) => {
    if (record.kind === 'step-started') return [`${record.step} started`];
    if (record.kind === 'step-finished') return [`${record.step} ${record.result} ${record.exitCode}`];
    return [];
  });

test('steps run in order; the last record counts and proves every line', async () => {
  const claim = aClaim(['one', 'two']);
  const { ended } = start(claim);
  const first = await executor.nextStep();
  first.write('stdout', 'a\nb');
  first.write('stderr', 'c\n');
  first.exit(0);
  (await executor.nextStep()).exit(0);
  await ended;
  const records = server.records(claim.attemptId);
  const lines = linesOf(records).map(([, stream, text]) => `${stream} ${text}`);
  expect(lines).toEqual(['o a', 'e c', 'o b']);
  expect(eventsOf(records)).toEqual(['0 started', '0 succeeded 0', '1 started', '1 succeeded 0']);
  expect(records.at(-1)).toMatchObject({
    kind: 'finished',
    outcome: { result: 'succeeded', outputs: {} },
    logLines: 3,
    logDigest: createHash('sha256').update('a\nc\nb\n').digest('hex'),
  });
  expect(await readdir(folder.spools)).toEqual([]);
});

test("after a failed step only those that ask for it run, and the first failure is the stage's", async () => {
  const claim = aClaim(['one', 'two', { if: 'failure()' }, { if: 'always()' }, { if: 'success()' }]);
  const { ended } = start(claim);
  (await executor.nextStep()).exit(3);
  (await executor.nextStep()).exit(4);
  (await executor.nextStep()).exit(0);
  await ended;
  const records = server.records(claim.attemptId);
  expect(eventsOf(records)).toEqual([
    '0 started',
    '0 failed 3',
    '1 skipped null',
    '2 started',
    '2 failed 4',
    '3 started',
    '3 succeeded 0',
    '4 skipped null',
  ]);
  expect(records.at(-1)).toMatchObject({ outcome: { failure: { class: 'failed', exitCode: 3 } } });
});

test('secrets reach the step and never a line, a message or an output', async () => {
  const claim = aClaim([{ env: { TOKEN: { kind: 'secret', secret: 'token' } } }], {
    secrets: { token: 'hunter2x', pin: '12' },
    work: { outputs: { leak: { file: 'out' } } },
  });
  const { ended } = start(claim);
  const step = await executor.nextStep();
  expect(step.command.env).toMatchObject({ TOKEN: 'hunter2x', CI: 'true', SLUICE_STAGE: 'test' });
  step.write('stdout', 'the hun');
  step.write('stdout', 'ter2x\n');
  await writeFile(join(step.spec.workspace, 'out'), 'hunter2x!');
  step.exit(0);
  await ended;
  const records = server.records(claim.attemptId);
  expect(JSON.stringify(records)).not.toContain('hunter2x');
  expect(linesOf(records).map(([, , text]) => text)).toEqual([
    expect.stringContaining('secret "pin" is shorter'),
    'the ***',
  ]);
  expect(records.at(-1)).toMatchObject({ outcome: { result: 'succeeded', outputs: { leak: '***!' } } });
});

test('a cancel stops the step, runs what always runs, and is reported as cancelled', async () => {
  const claim = aClaim(['one', 'two', { if: 'always()' }]);
  const { attempt, ended } = start(claim);
  await executor.nextStep();
  attempt.stop({ kind: 'cancelled', reason: 'by ann' });
  (await executor.nextStep()).exit(0);
  await ended;
  const records = server.records(claim.attemptId);
  expect(eventsOf(records)).toEqual([
    '0 started',
    '0 cancelled null',
    '1 skipped null',
    '2 started',
    '2 succeeded 0',
  ]);
  expect(records.at(-1)).toMatchObject({ outcome: { result: 'cancelled', reason: 'by ann' } });
});

test('a cancel that comes with an acknowledgement stops the attempt', async () => {
  const claim = aClaim(['one']);
  server.cancel = { attemptId: claim.attemptId, reason: 'by bob' };
  await start(claim).ended;
  expect(server.records(claim.attemptId).at(-1)).toMatchObject({ outcome: { reason: 'by bob' } });
});

test('a step and a stage that take too long fail as timeout', async () => {
  const slowStep = aClaim([{ timeoutMs: 20 }]);
  await start(slowStep).ended;
  const slowStage = aClaim(['one'], { timeoutMs: 20 });
  await start(slowStage).ended;
  for (const { attemptId } of [slowStep, slowStage]) {
    expect(server.records(attemptId).at(-1)).toMatchObject({ outcome: { failure: { class: 'timeout' } } });
  }
});

test('out of memory and an image that cannot be pulled have classes of their own', async () => {
  const big = aClaim(['one']);
  const { ended } = start(big);
  (await executor.nextStep()).exit(137, true);
  await ended;
  expect(server.records(big.attemptId).at(-1)).toMatchObject({
    outcome: { failure: { class: 'out-of-memory' } },
  });
  executor = createFakeExecutor({
    openWith: () => ({ kind: 'failed', reason: 'image-pull', message: 'no such image' }),
  });
  const missing = aClaim(['one']);
  await start(missing).ended;
  expect(server.records(missing.attemptId).at(-1)).toMatchObject({
    outcome: { failure: { class: 'image-pull', message: 'no such image' } },
  });
});

test("an engine that breaks is our failure, with words, and not the pipeline's", async () => {
  executor = createFakeExecutor({
    openWith: () => Promise.reject(new Error('connect ENOENT /var/run/docker.sock')),
  });
  const claim = aClaim(['one']);
  await start(claim).ended;
  expect(server.records(claim.attemptId).at(-1)).toMatchObject({
    outcome: {
      failure: {
        class: 'infrastructure',
        message: expect.stringMatching(/ENOENT.*not the pipeline's fault/),
      },
    },
  });
});

test('a clock of the host that jumps by hours disturbs neither the times of a log nor a timeout', async () => {
  let now = Date.now();
  let ms = 1_000;
  const clock = { now: () => now, tick: () => ({ uptime: 'one', ms }) };
  const claim = aClaim(['one', 'two'], { timeoutMs: 3_600_000 });
  const { ended } = start(claim, clock);
  const startedAt = now;
  const first = await executor.nextStep();
  now += 50 * 3_600_000;
  ms += 40;
  first.write('stdout', 'forward\n');
  first.exit(0);
  const second = await executor.nextStep();
  now -= 99 * 3_600_000;
  ms += 2;
  second.write('stdout', 'backward\n');
  second.exit(0);
  await ended;
  const records = server.records(claim.attemptId);
  expect(linesOf(records).map(([atMs, , text]) => [atMs, text])).toEqual([
    [40, 'forward'],
    [42, 'backward'],
  ]);
  expect(records.at(-1)).toMatchObject({ outcome: { result: 'succeeded' }, at: startedAt + 42 });
});

test('an attempt that was taken away is stopped and tells nothing more', async () => {
  const claim = aClaim(['one', { if: 'always()' }]);
  const { attempt, ended } = start(claim);
  await executor.nextStep();
  attempt.stop({ kind: 'lost' });
  await ended;
  expect(server.records(claim.attemptId).some((record) => record.kind === 'finished')).toBe(false);
  expect(await readdir(folder.spools)).toEqual([]);
});

test('a worker that is stopped reports infrastructure; with no server the spool stays', async () => {
  const claim = aClaim(['one']);
  const { attempt, ended, abandon } = start(claim);
  await executor.nextStep();
  await server.close();
  attempt.shutDown();
  abandon.abort();
  await ended;
  const left = await readdir(folder.spools);
  expect(left).toEqual([`${claim.attemptId}-1.jsonl`]);
  await server.open();
});

test('outputs are read from plain files of the workspace only', async () => {
  const read = async (file: string, prepare: (workspace: string) => Promise<void>): Promise<unknown> => {
    const claim = aClaim(['one'], { work: { outputs: { it: { file } } } });
    const { ended } = start(claim);
    const step = await executor.nextStep();
    await prepare(step.spec.workspace);
    step.exit(0);
    await ended;
    return server.records(claim.attemptId).at(-1);
  };
  expect(await read('v', (w) => writeFile(join(w, 'v'), ' 1.2 \n'))).toMatchObject({
    outcome: { outputs: { it: '1.2' } },
  });
  const refused = (message: RegExp) => ({
    outcome: { failure: { class: 'failed', message: expect.stringMatching(message) } },
  });
  expect(await read('../x', async () => {})).toMatchObject(refused(/not a path inside/));
  expect(await read('v', async () => {})).toMatchObject(refused(/have not written "v"/));
  expect(await read('v', (w) => symlink('/etc/passwd', join(w, 'v')))).toMatchObject(refused(/is a link/));
  expect(await read('d/passwd', (w) => symlink('/etc', join(w, 'd')))).toMatchObject(
    refused(/leaves the workspace/),
  );
  expect(await read('v', (w) => writeFile(join(w, 'v'), 'x'.repeat(70_000)))).toMatchObject(
    refused(/70000 bytes/),
  );
});
