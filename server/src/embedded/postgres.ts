// A real PostgreSQL for one machine, in a process group of its own: Ctrl-C reaches the server, and the server
// ends the database last. One that outlived a killed server is taken over as it is.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import pg from 'pg';
import type { Logger } from 'pino';
import { freePort } from './free-port.ts';
import { letPass, postgresAccount } from './postgres-account.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { ensureCluster, postgresEnv, postgresUser, type ClusterPlace } from './postgres-cluster.ts';
import { readOrCreatePrivateFile } from './private-file.ts';
import { commandLine, endProcess, isAlive } from './process-alive.ts';

export interface EmbeddedEngine {
  readonly url: string;
  /** False once its process has ended, whoever ended it. */
  readonly isRunning: () => boolean;
  /** Ends the engine in an orderly way; calling it again does no harm. */
  readonly stop: () => Promise<void>;
}

const patienceMs = 60_000;

/** Starts PostgreSQL on `<dataDir>/postgres`, making it on the first start; it listens on 127.0.0.1 alone. */
export async function startEmbeddedPostgres(options: {
  readonly dataDir: string;
  readonly log: Logger;
  /** Default: a free one. */
  readonly port?: number;
}): Promise<EmbeddedEngine> {
  const { log } = options;
  const dataDir = path.resolve(options.dataDir);
  const folder = path.join(dataDir, 'postgres');
  const password = await readOrCreatePrivateFile(path.join(dataDir, 'postgres-password'), () =>
    randomBytes(24).toString('base64url'),
  );
  const running = await findRunning(folder, password);
  if (running !== null) {
    log.info({ pid: running.pid }, 'the embedded PostgreSQL is still running: taken over');
    return engineOf(running.url, running.pid);
  }
  const place: ClusterPlace = {
    binaries: await findPostgresBinaries(),
    account: await postgresAccount(),
    folder,
  };
  if (place.account !== null) {
    await letPass(place.account, place.binaries.postgres, log);
    await letPass(place.account, folder, log);
  }
  await ensureCluster(place, password);
  return launch(place, password, options);
}

/** SIGINT is PostgreSQL's fast shutdown: sessions are cut off, nothing that was committed is lost. */
const engineOf = (url: string, pid: number): EmbeddedEngine => ({
  url,
  isRunning: () => isAlive(pid),
  stop: () => endProcess(pid, 'SIGINT', patienceMs),
});

const connectionUrl = (password: string, port: number): string =>
  `postgres://${postgresUser}:${password}@127.0.0.1:${port}/postgres`;

/** The database that serves this folder now. A lock file that a killed one left behind is removed. */
async function findRunning(folder: string, password: string): Promise<{ pid: number; url: string } | null> {
  const lockFile = path.join(folder, 'postmaster.pid');
  const lock = await readFile(lockFile, 'utf8').catch(() => '');
  const lines = lock.split('\n');
  const pid = Number(lines[0]);
  const url = connectionUrl(password, Number(lines[3]));
  const isOurs = async () => pid > 0 && isAlive(pid) && (await commandLine(pid)).includes(folder);
  for (const deadline = Date.now() + patienceMs; await isOurs(); await sleep(100)) {
    if (await answers(url)) return { pid, url };
    if (Date.now() > deadline) {
      throw new Error(
        `A PostgreSQL (process ${pid}) holds ${folder} and does not answer. End it, then start again.`,
      );
    }
  }
  await rm(lockFile, { force: true });
  return null;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Backends of a killed postmaster may hold its memory for a moment, and a free port may be taken: tries again. */
async function launch(
  place: ClusterPlace,
  password: string,
  options: { readonly log: Logger; readonly port?: number },
): Promise<EmbeddedEngine> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const outcome = await launchOnce(place, password, options.port ?? (await freePort()), deadline);
    if ('url' in outcome) return outcome;
    if (Date.now() > deadline) {
      throw new Error(
        `The embedded PostgreSQL in ${place.folder} does not start: ${outcome.complaint.trim()}`,
      );
    }
    options.log.warn(
      { complaint: outcome.complaint.trim() },
      'the embedded PostgreSQL did not start: trying again',
    );
    await sleep(500);
  }
}

async function launchOnce(
  { binaries, account, folder }: ClusterPlace,
  password: string,
  port: number,
  deadline: number,
): Promise<EmbeddedEngine | { readonly complaint: string }> {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200'];
  const child = spawn(
    binaries.postgres,
    ['-D', folder, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { cwd: '/', env: postgresEnv(), stdio: ['ignore', 'ignore', 'pipe'], detached: true, ...account },
  );
  let complaint = '';
  child.once('error', (error) => (complaint += error.message));
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-4_000)));
  const { pid } = child;
  const url = connectionUrl(password, port);
  while (pid !== undefined && child.exitCode === null && child.signalCode === null) {
    if (await answers(url)) {
      child.unref();
      return engineOf(url, pid);
    }
    if (Date.now() > deadline) await endProcess(pid, 'SIGINT', 5_000);
    await sleep(20);
  }
  return { complaint };
}
