// Servers and workers in processes of their own, on one PostgreSQL and one Redis, that a test stops and starts. The test
// and the workers reach the servers by a balancer.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { freePort } from '@sluice/server/embedded/free-port';
import { startEmbeddedPostgres } from '@sluice/server/embedded/postgres';
import { startEmbeddedRedis } from '@sluice/server/embedded/redis';
import { apiClient, type ApiClient } from '../../cli/src/api-client.ts';
import { openBalancer } from './balancer.ts';
import { aRepository, type TestRepository } from './repository.ts';
import { eventually } from './sluice.ts';

export interface Fleet extends AsyncDisposable {
  readonly api: ApiClient;
  readonly servers: readonly FleetMember[];
  /** Not started yet. Steps on its host may write what is below `folder` of the fleet. */
  readonly worker: (name: string, pool: string) => FleetMember;
  readonly folder: string;
  /** Trusted, and connected by the generic signed hook. */
  readonly repository: (name: string) => Promise<TestRepository>;
}

/** A server or a worker: one process after the other, with the same folder. */
export interface FleetMember {
  /** `SLUICE_DATA`. */
  readonly folder: string;
  /** Resolves when it is ready. */
  readonly start: (environment?: Readonly<Record<string, string>>) => Promise<void>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Resolves when its newest process has printed these words. */
  readonly says: (words: string) => Promise<void>;
  /** Of its newest process: resolves when it has ended. */
  readonly ended: () => Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const masterKey = Buffer.alloc(32, 7).toString('base64');
const workerToken = 'the-token-of-the-workers-of-the-fleet';
const readyWords = { server: 'the server listens', worker: 'worker is taking work' };

/** Resolves when the servers are ready. */
export async function startFleet(size: { readonly servers: number }): Promise<Fleet> {
  const folder = mkdtempSync('/var/tmp/sluice-fleet-');
  const log = pino({ level: 'silent' });
  const redis = await startEmbeddedRedis({ dataDir: folder, log });
  const postgres = await startEmbeddedPostgres({ dataDir: folder, log });
  const ports = await Promise.all(Array.from({ length: size.servers }, () => freePort()));
  const balancer = await openBalancer(ports);
  const url = `http://127.0.0.1:${balancer.port}`;
  const repositories = join(folder, 'repositories');
  const { DATABASE_URL: _database, ...inherited } = process.env;
  const shared = { ...inherited, REDIS_URL: redis.url, SLUICE_WORKER_TOKEN: workerToken, NO_COLOR: '1' };
  const servers = ports.map((port, at) =>
    aMember('server', join(folder, `server-${at}`), {
      ...shared,
      DATABASE_URL: postgres.url,
      SLUICE_MASTER_KEY: masterKey,
      SLUICE_PORT: String(port),
      SLUICE_FILE_REPOSITORIES: repositories,
      SLUICE_LEAVE_MS: '500',
    }),
  );
  const workers: FleetMember[] = [];
  const end = async (members: readonly FleetMember[]): Promise<void> => {
    for (const member of members) member.signal('SIGCONT');
    for (const member of members) member.signal('SIGTERM');
    await sleep(500);
    for (const member of members) member.signal('SIGTERM'); // what still runs after a failed test is not waited for
    await Promise.all(members.map((member) => member.ended()));
  };
  const dispose = async (): Promise<void> => {
    await end(workers);
    await end(servers);
    await balancer[Symbol.asyncDispose]();
    await postgres.stop();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await Promise.all(servers.map((server) => server.start()));
  } catch (error) {
    await dispose();
    throw error;
  }
  const [first] = servers;
  const api = apiClient(url, readFileSync(join(first?.folder ?? '', 'cli-token'), 'utf8').trim());
  return {
    api,
    servers,
    folder,
    worker: (name, pool) => {
      const worker = aMember('worker', join(folder, name), {
        ...shared,
        SLUICE_SERVER_URL: url,
        SLUICE_POOL: pool,
        SLUICE_ALLOW_PROCESS_EXECUTOR: '1',
        SLUICE_STEP_WRITABLE: folder,
      });
      workers.push(worker);
      return worker;
    },
    repository: (name) => aRepository({ api, folder: repositories, name, trusted: true }),
    [Symbol.asyncDispose]: dispose,
  };
}

function aMember(part: 'server' | 'worker', folder: string, environment: NodeJS.ProcessEnv): FleetMember {
  mkdirSync(folder, { recursive: true });
  let child: ChildProcess | null = null;
  let end: ReturnType<FleetMember['ended']> = Promise.resolve({ code: 0, signal: null });
  let output = '';
  const says = async (words: string): Promise<void> => {
    await eventually(`"${words}" of ${folder}`, () => {
      if (!output.includes(words)) throw new Error(`it has said:\n${output}`);
      return true;
    });
  };
  return {
    folder,
    start: async (more = {}) => {
      const started = spawn(process.execPath, [bin, part], {
        env: { ...environment, SLUICE_DATA: folder, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      output = '';
      for (const stream of [started.stdout, started.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      end = once(started, 'close').then(([code, signal]) => ({ code, signal }));
      await says(readyWords[part]);
    },
    signal: (name) => void child?.kill(name),
    says,
    ended: () => end,
  };
}
