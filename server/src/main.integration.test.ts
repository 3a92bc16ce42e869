import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from './embedded/free-port.ts';
import { startEmbeddedRedis } from './embedded/redis.ts';
import type { EmbeddedEngine } from './embedded/postgres.ts';
import { openTestDatabase, type TestDatabase } from './store/test-database.ts';
import { sign } from './webhooks/signature.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-main-'));
const dataDir = path.join(folder, 'data');
const hookSecret = 'a hook secret of good length';
const children: ChildProcess[] = [];
let database: TestDatabase;
let redis: EmbeddedEngine;

beforeAll(async () => {
  database = await openTestDatabase();
  redis = await startEmbeddedRedis({ dataDir: folder, log: pino({ level: 'silent' }) });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await redis.stop();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a delivery that a killed server had stored is worked on by the next one, under the same identity', async () => {
  const first = await aServer();
  const { installation } = await first.api('GET', '/api/session');
  await first.api('PUT', '/api/repositories', {
    fullName: 'acme/gone',
    provider: 'generic',
    cloneUrl: pathToFileURL(folder).href,
    hookSecret,
  });
  const body = JSON.stringify({ event: 'ping', repository: 'acme/gone' });
  const answer = await fetch(`${first.url}/webhooks/generic`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-sluice-delivery': 'one',
      'x-sluice-signature-256': sign(hookSecret, Buffer.from(body)),
    },
    body,
  });
  expect(answer.status).toBe(202);
  expect(answer.headers.get('keep-alive')).toBe('timeout=75');
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');

  const second = await aServer();
  expect(await second.api('GET', '/api/session')).toMatchObject({ installation });
  await expect
    .poll(() => second.api('GET', '/api/deliveries'))
    .toMatchObject({ deliveries: [{ status: 'ignored', reason: expect.stringContaining('ping') }] });
  second.child.kill('SIGTERM');
  expect(await once(second.child, 'exit')).toEqual([0, null]);
});

test('keys and tokens are files that only their owner reads', () => {
  for (const name of ['master.key', 'cli-token', 'worker-token']) {
    expect(statSync(path.join(dataDir, name)).mode & 0o777).toBe(0o600);
  }
});

test('a master key that does not fit the database ends the start and says why', async () => {
  const { code, output } = await aRefusedStart({ SLUICE_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
  expect(code).toBe(1);
  expect(output).toContain('is not the one that this database');
});

test('settings that cannot be used end the start with all of them named', async () => {
  const { code, output } = await aRefusedStart({ SLUICE_PORT: 'many', REDIS_URL: 'http://redis' });
  expect(code).toBe(1);
  expect(output).toMatch(/SLUICE_PORT[^]*REDIS_URL|REDIS_URL[^]*SLUICE_PORT/);
});

function start(environment: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      SLUICE_DATA: dataDir,
      SLUICE_FILE_REPOSITORIES: folder,
      SLUICE_QUEUE_PREFIX: 'main-test',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

test('a server that starts while Redis is away listens all the same, and says that it is not ready', async () => {
  const nobody = `redis://127.0.0.1:${await freePort()}`;
  const { url, api } = await aServer({ REDIS_URL: nobody }, '/healthz');
  expect(await api('GET', '/api/session')).toMatchObject({ role: 'admin' });
  expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({
    reason: 'not-ready',
    missing: ['Redis'],
  });
});

async function aServer(environment: NodeJS.ProcessEnv = {}, readiness = '/readyz') {
  const port = await freePort();
  const child = start({ SLUICE_PORT: String(port), ...environment });
  child.stdout?.resume();
  child.stderr?.resume();
  const url = `http://127.0.0.1:${port}`;
  const isReady = async () => (await fetch(`${url}${readiness}`).catch(() => null))?.ok === true;
  await expect.poll(isReady).toBe(true);
  const token = readFileSync(path.join(dataDir, 'cli-token'), 'utf8').trim();
  const api = async (method: string, address: string, body?: unknown) => {
    const answer = await fetch(`${url}${address}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Record<string, unknown>;
  };
  return { child, url, api };
}

async function aRefusedStart(environment: NodeJS.ProcessEnv) {
  const child = start(environment);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += String(text)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
