import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startFakeServer, workerToken, type FakeServer } from '../server-client/fake-server.fixture.ts';
import { createBackoff } from '../server-client/backoff.ts';
import { createServerClient } from '../server-client/server-client.ts';
import { deliverLeftovers, findSpools } from './deliver-leftovers.ts';
import { createSpool, defaultSpoolLimits, type NewRecord, type Spool } from './spool.ts';
import { uploadSpool } from './upload-spool.ts';

const attemptId = '0190b6f4-0000-7000-8000-000000000001';
const log = pino({ level: 'silent' });
const header = { attemptId, fence: 1 };

let folder: string;
let server: FakeServer;
let stop: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-spool-'));
  server = await startFakeServer();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (highWaterBytes = defaultSpoolLimits.highWaterBytes): Promise<Spool> =>
  createSpool(join(folder, 'a.jsonl'), header, {
    highWaterBytes,
    keepFileBytes: 2_000,
    onProblem: (error) => {
      throw error;
    },
  });
const line = (n: number): NewRecord => ({
  kind: 'log',
  step: 0,
  firstLine: n,
  lines: [[0, 'o', `line ${n}`]],
});
const end: NewRecord = {
  kind: 'finished',
  outcome: { result: 'succeeded', outputs: {} },
  logLines: 0,
  logDigest: '0'.repeat(64),
  at: 0,
};
const upload = (
  spool: Spool,
  events: { onLost?: (m: string) => void; onCancel?: (r: string) => void } = {},
) =>
  uploadSpool(
    createServerClient(server.url, workerToken),
    spool,
    { onCancel: events.onCancel ?? (() => {}), onLost: events.onLost ?? (() => {}), log, now: Date.now },
    stop.signal,
    createBackoff({ firstMs: 1, maxMs: 10 }),
  );
const numbers = (): number[] => server.records(attemptId).map((record) => record.number);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, at) => at + 1);

test('records arrive in order, once, and are acknowledged', async () => {
  const spool = await open();
  void upload(spool);
  for (let n = 0; n < 200; n += 1) spool.append(line(n));
  spool.append(end);
  await server.finished(attemptId);
  expect(numbers()).toEqual(upTo(201));
  expect(server.repeated).toEqual([]);
});

test('a server that is killed and comes back misses and repeats nothing', async () => {
  const spool = await open();
  void upload(spool);
  spool.append(line(0));
  await server.close();
  for (let n = 1; n < 50; n += 1) spool.append(line(n));
  await server.open();
  spool.append(end);
  await server.finished(attemptId);
  expect(numbers()).toEqual(upTo(51));
});

test('a server that fails, refuses the token for a while, or accepts in parts gets everything', async () => {
  const spool = await open();
  const answers = [500, 503, 429, 401, 404];
  server.failWith = () => answers.shift() ?? null;
  server.acceptAtMost = 2;
  for (let n = 0; n < 7; n += 1) spool.append(line(n));
  spool.append(end);
  void upload(spool);
  await server.finished(attemptId);
  expect(numbers()).toEqual(upTo(8));
});

test('a stale fence ends the upload and is told', async () => {
  const spool = await open();
  server.failWith = () => 409;
  spool.append(line(0));
  const told: string[] = [];
  await upload(spool, { onLost: (message) => told.push(message) });
  expect(told.length).toBe(1);
});

test('a cancel comes with an acknowledgement', async () => {
  const spool = await open();
  server.cancel = { attemptId, reason: 'no longer wanted' };
  spool.append(line(0));
  const reason = await new Promise((resolve) => void upload(spool, { onCancel: resolve }));
  expect(reason).toBe('no longer wanted');
});

test('a fast source waits while too much is unacknowledged, and goes on afterwards', async () => {
  const spool = await open(100);
  for (let n = 0; n < 10; n += 1) spool.append(line(n));
  let isDrained = false;
  const drained = spool.drained().then(() => (isDrained = true));
  await Promise.resolve();
  expect(isDrained).toBe(false);
  void upload(spool);
  await drained;
});

test('the file is cut when all of it is acknowledged, and goes when the spool is removed', async () => {
  const spool = await open();
  void upload(spool);
  for (let n = 0; n < 100; n += 1) spool.append(line(n));
  while (spool.unacknowledged() > 0) await spool.changed(stop.signal);
  spool.append(end);
  await server.finished(attemptId);
  while (spool.unacknowledged() > 0) await spool.changed(stop.signal);
  expect((await readFile(join(folder, 'a.jsonl'), 'utf8')).split('\n').length).toBeLessThan(5);
  await spool.close('remove');
  expect(await readdir(folder)).toEqual([]);
});

test('a spool of a dead process is delivered but for its torn last line, ended and deleted', async () => {
  const record = (n: number): string => JSON.stringify({ ...line(n - 1), number: n });
  await writeFile(
    join(folder, 'x.jsonl'),
    `${JSON.stringify(header)}\n${record(1)}\n${record(2)}\n{"kind":"lo`,
  );
  await deliverLeftovers(
    createServerClient(server.url, workerToken),
    await findSpools(folder),
    log,
    stop.signal,
  );
  expect(numbers()).toEqual([1, 2, 3]);
  expect(await readdir(folder)).toEqual([]);
});

test('an attempt that no process can take up again ends as worker-lost, with the whole log proven', async () => {
  const record = JSON.stringify({ ...line(0), number: 1 });
  await writeFile(join(folder, 'x.jsonl'), `${JSON.stringify(header)}\n${record}\n`);
  const client = createServerClient(server.url, workerToken);
  await deliverLeftovers(client, await findSpools(folder), log, stop.signal);
  expect(server.records(header.attemptId).at(-1)).toMatchObject({
    kind: 'finished',
    outcome: { failure: { class: 'worker-lost' } },
    logLines: 1,
    logDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('a spool that nobody wants any more is deleted, one that cannot be delivered yet is kept', async () => {
  const text = `${JSON.stringify(header)}\n${JSON.stringify({ ...line(0), number: 1 })}\n`;
  const client = createServerClient(server.url, workerToken);
  await writeFile(join(folder, 'x.jsonl'), text);
  await server.close();
  const delivery = deliverLeftovers(client, await findSpools(folder), log, stop.signal);
  stop.abort();
  await delivery;
  expect(await readdir(folder)).toEqual(['x.jsonl']);
  await server.open();
  server.failWith = () => 409;
  await deliverLeftovers(client, await findSpools(folder), log, new AbortController().signal);
  expect(await readdir(folder)).toEqual([]);
});
