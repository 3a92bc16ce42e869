// A whole Sluice whose every part may be killed and whose every connection may be cut:
//
//   worker ─► link ─► door ─► server ─► links ─► PostgreSQL, Redis
//      └────► links ─► Redis, platform (a Docker engine, or the API server of Kubernetes)
//   engine ─► link ─► registry
//
// The test itself looks at PostgreSQL, the platform and the server directly, so that what it sees is not disturbed.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@sluice/server/embedded/free-port';
import { type Database, openDatabase } from '@sluice/server/store/database';
import { apiClient, type ApiClient } from '../../cli/src/api-client.ts';
import { aRepository, type TestRepository } from '../rig/repository.ts';
import { openDoor, type Door } from './door.ts';
import { processPart, type Part } from './engines/part.ts';
import { startOwnPostgres, startOwnRedis, startOwnRegistry } from './engines/stores.ts';
import { openGates, type Gates } from './gates.ts';
import { gitGate, type GitGate } from './git-gate.ts';
import { untilTrue } from './journey.ts';
import { openLink, portOfLink, type Link } from './link.ts';
import { dockerPlatform } from './platforms/docker.ts';
import { kubernetesPlatform } from './platforms/kubernetes.ts';
import type { Platform } from './platforms/platform.ts';
import { processesIn } from './verify-run.ts';

type Own = 'server' | 'worker' | 'redis' | 'postgres';
/** One of them in each installation. */
type OfPlatform = 'docker' | 'kubernetes';

export interface Installation extends AsyncDisposable {
  readonly folder: string;
  readonly parts: Readonly<Record<Own, Part> & Partial<Record<OfPlatform, Part>>>;
  readonly links: Readonly<
    Record<OwnLink | 'docker-registry', Link> & Partial<Record<`worker-${OfPlatform}`, Link>>
  >;
  readonly platform: Platform;
  /** Before the server, for the worker. */
  readonly door: Door;
  readonly gates: Gates;
  /** Address of `gates` as steps see it. */
  readonly gatesUrl: string;
  readonly git: Readonly<Record<'server' | 'worker', GitGate>>;
  readonly db: Database;
  /** Straight to the server. */
  readonly api: ApiClient;
  /** `host:port` under which the engine knows the registry; behind its link. */
  readonly registry: string;
  /** The registry without its link. */
  readonly registryUrl: string;
  readonly repository: (name: string) => Promise<TestRepository>;
}

type OwnLink = 'worker-server' | 'worker-redis' | 'server-redis' | 'server-postgres';
export type LinkName = OwnLink | 'docker-registry' | `worker-${OfPlatform}`;

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const workerToken = 'the-token-of-the-crash-matrix-worker';
const drainMs = 1_000;

export async function startInstallation(kind: Platform['kind'] = 'docker'): Promise<Installation> {
  const folder = mkdtempSync('/var/tmp/sluice-crash-');
  const run = mkdtempSync('/run/sluice-crash-'); // paths of sockets must be short
  const opened: (() => Promise<unknown>)[] = [async () => rmSync(run, { recursive: true, force: true })];
  let isClosing = false;
  /** Nothing is started again by a journey that is in the middle of a fault while all is closed. */
  const startable = (part: Part): Part => ({
    ...part,
    start: () => (isClosing ? Promise.reject(new Error('the installation is closed')) : part.start()),
  });
  const closeAll = async (): Promise<void> => {
    isClosing = true;
    for (const close of opened.toReversed())
      await close().catch((error: unknown) => process.stderr.write(`while closing: ${String(error)}\n`));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    mkdirSync(join(folder, 'log'), { recursive: true });
    mkdirSync(join(folder, 'repositories'));
    const postgres = await startOwnPostgres(folder);
    opened.push(postgres.part.stop);
    const redis = await startOwnRedis(folder);
    opened.push(redis.part.stop);
    const registry = await startOwnRegistry(folder);
    opened.push(registry.part.stop);
    const platform = kind === 'docker' ? await dockerPlatform(folder, run) : await kubernetesPlatform(folder);
    opened.push(async () => platform[Symbol.asyncDispose]());
    const gates = await openGates();
    opened.push(async () => gates[Symbol.asyncDispose]());

    const serverPort = await freePort();
    const door = await openDoor(serverPort);
    opened.push(async () => door[Symbol.asyncDispose]());
    const anyPort = { port: 0 };
    const ownLinks = {
      'worker-server': await openLink('worker-server', anyPort, { port: door.port }),
      'worker-redis': await openLink('worker-redis', anyPort, portOf(redis.url)),
      'server-redis': await openLink('server-redis', anyPort, portOf(redis.url)),
      'server-postgres': await openLink('server-postgres', anyPort, portOf(postgres.url)),
      'docker-registry': await openLink('docker-registry', anyPort, { port: registry.port }),
    };
    for (const link of Object.values(ownLinks)) opened.push(async () => link[Symbol.asyncDispose]());
    const links = { ...ownLinks, [`worker-${kind}` as const]: platform.link };

    const git = { server: gitGate(folder, 'server'), worker: gitGate(folder, 'worker') };
    const url = `http://127.0.0.1:${serverPort}`;
    const { DATABASE_URL: _database, REDIS_URL: _redis, ...environment } = process.env;
    const shared = {
      ...environment,
      SLUICE_DATA: folder,
      SLUICE_WORKER_TOKEN: workerToken,
      SLUICE_ALLOW_PROCESS_EXECUTOR: '1',
      NO_COLOR: '1',
    };
    const server = processPart({
      name: 'server',
      command: [process.execPath, bin, 'server'],
      env: {
        ...shared,
        PATH: git.server.path,
        DATABASE_URL: through(links['server-postgres'], postgres.url),
        REDIS_URL: through(links['server-redis'], redis.url),
        SLUICE_HOST: '127.0.0.1',
        SLUICE_PORT: String(serverPort),
        SLUICE_FILE_REPOSITORIES: join(folder, 'repositories'),
      },
      logFile: join(folder, 'log', 'server.log'),
      // It waits for its engines before it answers, and they may be what is held.
      answers: async () => true,
    });
    opened.push(server.stop);
    await server.start();
    await untilTrue('the server', () => answers(`${url}/healthz`));
    const db = openDatabase(postgres.url.href);
    opened.push(() => db.destroy());
    const worker = processPart({
      name: 'worker',
      command: [process.execPath, bin, 'worker'],
      env: {
        ...shared,
        PATH: git.worker.path,
        ...platform.workerEnv,
        REDIS_URL: through(links['worker-redis'], redis.url),
        SLUICE_SERVER_URL: `http://127.0.0.1:${portOfLink(links['worker-server'])}`,
        SLUICE_HAPROXY: 'haproxy',
        SLUICE_DRAIN_MS: String(drainMs),
      },
      logFile: join(folder, 'log', 'worker.log'),
      answers: async () => true,
    });
    opened.push(async () => endProxies(folder));
    opened.push(worker.stop);
    await worker.start();
    const api = apiClient(url, readFileSync(join(folder, 'cli-token'), 'utf8').trim());
    for (const [name, value] of Object.entries(platform.secrets))
      await api.call('PUT', `/api/secrets/${name}`, { value });
    const parts = {
      server: startable(server),
      worker: startable(worker),
      redis: startable(redis.part),
      postgres: startable(postgres.part),
      [kind]: startable(platform.part),
    };
    return {
      folder,
      parts,
      links,
      platform,
      door,
      gates,
      gatesUrl: `http://${platform.host}:${gates.port}`,
      git,
      db,
      api,
      registry: `127.0.0.1:${portOfLink(links['docker-registry'])}`,
      registryUrl: `http://127.0.0.1:${registry.port}`,
      repository: (name) => aRepository({ api, folder: join(folder, 'repositories'), name, trusted: true }),
      [Symbol.asyncDispose]: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** The proxies of deployed services outlive their worker. */
function endProxies(folder: string): void {
  for (const proxy of processesIn(join(folder, 'worker', 'proxy'))) process.kill(Number.parseInt(proxy, 10));
}

const portOf = (url: URL): { readonly port: number } => ({ port: Number(url.port) });

function through(link: Link, url: URL): string {
  const changed = new URL(url);
  changed.port = String(portOfLink(link));
  return changed.href;
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}
