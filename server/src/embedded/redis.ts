// A private Redis for one machine, without persistence: it carries, and may be emptied at any moment. One that
// outlived a killed server is taken over as it is.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { freePort } from './free-port.ts';
import type { EmbeddedEngine } from './postgres.ts';
import { readOrCreatePrivateFile } from './private-file.ts';
import { commandLine, endProcess, isAlive } from './process-alive.ts';

const patienceMs = 10_000;

/** Starts `redis-server` from PATH on 127.0.0.1; its password is kept in `<dataDir>/redis/password`. */
export async function startEmbeddedRedis(options: {
  readonly dataDir: string;
  readonly log: Logger;
  /** Default: a free one. */
  readonly port?: number;
}): Promise<EmbeddedEngine> {
  const folder = path.join(path.resolve(options.dataDir), 'redis');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const password = await readOrCreatePrivateFile(path.join(folder, 'password'), () =>
    randomBytes(24).toString('base64url'),
  );
  const running = await findRunning(folder, password);
  if (running !== null) {
    options.log.info({ pid: running.pid }, 'the embedded Redis is still running: taken over');
    return engineOf(running.url, running.pid);
  }
  return launch(folder, password, options.port ?? (await freePort()));
}

const engineOf = (url: string, pid: number): EmbeddedEngine => ({
  url,
  isRunning: () => isAlive(pid),
  stop: () => endProcess(pid, 'SIGTERM', patienceMs),
});

const connectionUrl = (password: string, port: number): string => `redis://:${password}@127.0.0.1:${port}/0`;

async function findRunning(folder: string, password: string): Promise<{ pid: number; url: string } | null> {
  const lines = (await readFile(path.join(folder, 'running'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!(pid > 0) || !isAlive(pid) || !(await commandLine(pid)).includes('redis-server')) return null;
  const url = connectionUrl(password, Number(lines[1]));
  return (await answers(url)) ? { pid, url } : null;
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

async function launch(folder: string, password: string, port: number): Promise<EmbeddedEngine> {
  // The configuration comes by standard input: an argument could be read by every user of the machine.
  const child = spawn('redis-server', ['-'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  let said = '';
  let isMissing = false;
  child.once('error', (error) => {
    isMissing = 'code' in error && error.code === 'ENOENT';
    said += error.message;
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(configuration(folder, password, port));
  const { pid } = child;
  const url = connectionUrl(password, port);
  const deadline = Date.now() + patienceMs;
  while (pid !== undefined && child.exitCode === null && Date.now() < deadline) {
    if (await answers(url)) {
      await writeFile(path.join(folder, 'running'), `${pid}\n${port}\n`, { mode: 0o600 });
      child.unref();
      return engineOf(url, pid);
    }
    await sleep(20);
  }
  if (pid !== undefined) await endProcess(pid, 'SIGKILL', patienceMs);
  await sleep(0);
  if (isMissing) {
    throw new Error(
      'Redis is missing: install redis-server (Debian and Ubuntu: `apt-get install redis-server`), or set REDIS_URL.',
    );
  }
  throw new Error(`redis-server does not start: ${said.trim()}`);
}

function configuration(folder: string, password: string, port: number): string {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${folder}"`,
    'save ""',
    'appendonly no',
    'daemonize no',
    'maxmemory-policy noeviction',
    '',
  ].join('\n');
}
