// A server in a process of its own, with a database and a Redis of its own, and no worker: the bench is the worker.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@sluice/server/embedded/postgres';
import { startEmbeddedRedis } from '@sluice/server/embedded/redis';
import { freePort } from '@sluice/server/embedded/free-port';
import { pino } from 'pino';
import { apiClient, type ApiClient } from '../../cli/src/api-client.ts';
import { aRepository, type TestRepository } from '../rig/repository.ts';
import { eventually } from '../rig/sluice.ts';

export interface ServerAlone extends AsyncDisposable {
  readonly url: string;
  readonly api: ApiClient;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly pid: number;
  readonly workerToken: string;
  readonly repository: (name: string, project?: string, trusted?: boolean) => Promise<TestRepository>;
}

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const workerToken = 'worker-token-of-the-bench';

export async function startServerAlone(): Promise<ServerAlone> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const repositories = join(dataDir, 'repositories');
  const log = pino({ level: 'silent' });
  const redis = await startEmbeddedRedis({ dataDir, log });
  const postgres = await startEmbeddedPostgres({ dataDir, log });
  const port = await freePort();
  const child = spawn(process.execPath, [bin, 'server'], {
    env: {
      ...process.env,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      SLUICE_DATA: dataDir,
      SLUICE_PORT: String(port),
      SLUICE_WORKER_TOKEN: workerToken,
      SLUICE_FILE_REPOSITORIES: repositories,
      SLUICE_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await eventually('the server', async () => ((await fetch(`${url}/readyz`)).ok ? true : null));
  const api = apiClient(url, readFileSync(join(dataDir, 'cli-token'), 'utf8').trim());
  return {
    url,
    api,
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    pid: child.pid ?? 0,
    workerToken,
    repository: (name, project = 'default', trusted = false) =>
      aRepository({ api, folder: repositories, name, trusted, project }),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
      await postgres.stop();
      await redis.stop();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
