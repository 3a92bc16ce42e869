import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import pino from 'pino';
import { afterAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from './postgres.ts';
import { startEmbeddedRedis } from './redis.ts';

const log = pino({ level: 'silent' });
const dataDir = mkdtempSync(path.join(tmpdir(), 'sluice-engines-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test('PostgreSQL keeps its data over a stop, and over a kill with its lock file left behind', async () => {
  const first = await startEmbeddedPostgres({ dataDir, log });
  await query(first.url, 'create table kept (word text)');
  await first.stop();
  expect(first.isRunning()).toBe(false);

  const second = await startEmbeddedPostgres({ dataDir, log });
  await query(second.url, "insert into kept values ('committed')");
  const [row] = await query(
    second.url,
    "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid",
  );
  process.kill(Number(row?.['pid']), 'SIGKILL');
  await gone(second.isRunning);

  const third = await startEmbeddedPostgres({ dataDir, log });
  expect(await query(third.url, 'select word from kept')).toEqual([{ word: 'committed' }]);
  await third.stop();
  await third.stop();
});

test('a PostgreSQL that outlived its server is taken over, not started twice', async () => {
  const left = await startEmbeddedPostgres({ dataDir, log });
  const again = await startEmbeddedPostgres({ dataDir, log });
  expect(again.url).toBe(left.url);
  await again.stop();
  expect(left.isRunning()).toBe(false);
});

test('PostgreSQL refuses a wrong password, and its password file is for its owner alone', async () => {
  const engine = await startEmbeddedPostgres({ dataDir, log });
  const wrong = new URL(engine.url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow('password');
  expect(statSync(path.join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
  await engine.stop();
});

test('Redis needs its password, is taken over, and starts again on the same port after a kill', async () => {
  const engine = await startEmbeddedRedis({ dataDir, log });
  expect((await startEmbeddedRedis({ dataDir, log })).url).toBe(engine.url);
  const open = new URL(engine.url);
  open.password = '';
  await expect(ping(open.href)).rejects.toThrow(/NOAUTH|closed/);
  expect(await ping(engine.url)).toBe('PONG');
  await engine.stop();
  const again = await startEmbeddedRedis({ dataDir, log, port: Number(open.port) });
  expect(again.url).toBe(engine.url);
  await again.stop();
});

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function ping(url: string): Promise<string> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.ping();
  } finally {
    client.disconnect();
  }
}

async function gone(isRunning: () => boolean): Promise<void> {
  await expect.poll(isRunning).toBe(false);
}
