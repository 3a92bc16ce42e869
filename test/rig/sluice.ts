// A whole Sluice for one test file: `sluice up` in a folder and on a port of its own, without the demo. Its parts are
// real processes that a test may kill; what it made is gone after `close`.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import { freePort } from '@sluice/server/embedded/free-port';
import { apiClient, type ApiClient } from '../../cli/src/api-client.ts';
import { aRepository, type TestRepository } from './repository.ts';

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));

export interface SluiceRig extends AsyncDisposable {
  readonly url: string;
  readonly dataDir: string;
  readonly api: ApiClient;
  /** Everything `sluice up` has printed so far. */
  readonly output: () => string;
  /** A repository of its own, connected by the generic signed hook. */
  readonly repository: (name: string, options?: { readonly trusted?: boolean }) => Promise<TestRepository>;
  /** `up` is who starts the others again when they end. */
  readonly pid: (part: 'up' | 'server' | 'worker' | 'redis') => number;
  /** Ctrl-C, and wait for the end; gives the exit code. */
  readonly stop: () => Promise<number | null>;
}

export interface RigOptions {
  readonly demo?: boolean;
  /** Default: a new folder that `close` removes. */
  readonly dataDir?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const startMs = 180_000;

export async function startSluice(options: RigOptions = {}): Promise<SluiceRig> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  const repositories = join(dataDir, 'repositories');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { REDIS_URL: _redis, DATABASE_URL: _database, ...environment } = process.env;
  const child = spawn(process.execPath, [bin, 'up'], {
    env: {
      ...environment,
      SLUICE_DATA: dataDir,
      SLUICE_PORT: String(port),
      SLUICE_DEMO: options.demo === true ? 'on' : 'off',
      SLUICE_FILE_REPOSITORIES: repositories,
      SLUICE_FILE_SUBMODULES: repositories,
      SLUICE_ALLOW_PROCESS_EXECUTOR: '1',
      NO_COLOR: '1',
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await untilReady(child, () => output);
  const api = apiClient(url, readFileSync(join(dataDir, 'cli-token'), 'utf8').trim());
  const stop = () => end(child);
  return {
    url,
    dataDir,
    api,
    output: () => output,
    repository: (name, settings) =>
      aRepository({ api, folder: repositories, name, trusted: settings?.trusted ?? false }),
    pid: (part) => {
      if (part === 'up') return child.pid ?? Number.NaN;
      const file = part === 'redis' ? join(dataDir, 'redis', 'running') : join(dataDir, 'run', `${part}.pid`);
      return Number(readFileSync(file, 'utf8').split('\n')[0]);
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function untilReady(child: ChildProcess, output: () => string): Promise<void> {
  for (const deadline = Date.now() + startMs; Date.now() < deadline; await sleep(50)) {
    if (output().includes('sign in once with')) return;
    if (child.exitCode !== null) throw new Error(`sluice up ended with ${child.exitCode}:\n${output()}`);
  }
  child.kill('SIGKILL');
  throw new Error(`sluice up was not ready in ${startMs / 1_000} s:\n${output()}`);
}

function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('close', (code) => resolve(code));
    child.kill('SIGINT');
  });
}

/** Waits until `look` gives a value; throws with what was awaited when it does not in time. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined> | T | null | undefined,
  patienceMs = 120_000,
): Promise<T> {
  let lastError: unknown;
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(100)) {
    try {
      const value = await look();
      if (value !== null && value !== undefined) return value;
    } catch (error) {
      lastError = error;
    }
  }
  throw new Error(`waited ${patienceMs / 1_000} s for ${what}`, { cause: lastError });
}

/** The run of a commit, as soon as there is one. */
export const runOf = (api: ApiClient, commit: string): Promise<RunSummary> =>
  eventually(`the run of ${commit.slice(0, 7)}`, async () => {
    const { runs } = await api.call<{ runs: readonly RunSummary[] }>('GET', '/api/runs?limit=50');
    return runs.find((run) => run.commit.sha === commit);
  });

/** The run of a commit when it has ended. */
export async function endedRun(api: ApiClient, commit: string, patienceMs = 240_000): Promise<RunView> {
  const { id } = await runOf(api, commit);
  let last: RunView | null = null;
  try {
    return await eventually(
      `the end of run ${id}`,
      async () => {
        last = await api.call<RunView>('GET', `/api/runs/${id}`);
        return last.finishedAt === null ? null : last;
      },
      patienceMs,
    );
  } catch (error) {
    throw new Error(`run ${id} did not end: ${JSON.stringify(last)}`, { cause: error });
  }
}
