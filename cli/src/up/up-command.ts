// `sluice up`: the whole product on one machine. Starts what is missing in order, keeps it running, and ends it
// in the opposite order on Ctrl-C, leaving no process and no container behind.
import { mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pc from 'picocolors';
import type { SessionView } from '@sluice/pipelines/protocol/api';
import { apiClient } from '../api-client.ts';
import { ensureProgram } from './apt.ts';
import { ensureBaseImage } from './base-image.ts';
import { CleanupStack } from './cleanup-stack.ts';
import { demoFolder, runDemo } from './demo.ts';
import { ensureDockerEngine } from './docker-engine.ts';
import { startDatabase, startRedis } from './engines.ts';
import { readLoginLink, waitUntilReady } from './first-steps.ts';
import { keptSecret } from './kept-secret.ts';
import { endLeftover, holdFolder } from './one-at-a-time.ts';
import { startRegistry } from './registry.ts';
import { removeEverything } from './remove-everything.ts';
import { sayTo } from './say.ts';
import { supervise } from './supervise.ts';
import { ensureWebPage } from './web-page.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sluice = fileURLToPath(new URL('../../bin/sluice.js', import.meta.url));

/** Runs until `signal` aborts. Throws an error that says what to do where something essential is missing. */
export async function up(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const say = sayTo(process.stdout);
  const startedAt = Date.now();
  const dataDir = resolve(environment['SLUICE_DATA'] ?? '.sluice-data');
  const host = environment['SLUICE_HOST'] ?? '127.0.0.1';
  const port = environment['SLUICE_PORT'] ?? '8080';
  const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });

  await using stack = new CleanupStack();
  stack.defer(holdFolder(dataDir));
  for (const part of ['worker', 'server'] as const) await endLeftover(`${dataDir}/run/${part}.pid`, part);
  ensureProgram('git', 'git', 'to fetch repositories', say);
  const haproxy = ensureProgram('haproxy', 'haproxy', 'to share traffic between versions', say);
  const engine = await ensureDockerEngine(dataDir, say);
  stack.defer(engine.stop);
  const registry = await startRegistry(dataDir, say);
  stack.defer(registry.stop);
  const databaseUrl = await startDatabase(environment, dataDir, say, stack);
  const redisUrl = await startRedis(environment, dataDir, say, stack);
  const webRoot = ensureWebPage(root, say);

  const shared = {
    ...environment,
    SLUICE_DATA: dataDir,
    REDIS_URL: redisUrl,
    SLUICE_WORKER_TOKEN: keptSecret(dataDir, 'worker-token'),
  };
  const start = (name: 'server' | 'worker', extra: NodeJS.ProcessEnv, stopMs: number) =>
    stack.defer(
      supervise(
        {
          name,
          command: process.execPath,
          args: [sluice, name],
          env: { ...shared, ...extra },
          logFile: `${dataDir}/log/${name}.log`,
          pidFile: `${dataDir}/run/${name}.pid`,
          stopMs,
        },
        say,
      ).stop,
    );
  const files = [demoFolder(dataDir), environment['SLUICE_FILE_REPOSITORIES']].filter(Boolean).join(':');
  start(
    'server',
    {
      DATABASE_URL: databaseUrl,
      SLUICE_HOST: host,
      SLUICE_PORT: port,
      SLUICE_WEB_ROOT: webRoot,
      SLUICE_FILE_REPOSITORIES: files,
    },
    10_000,
  );
  await waitUntilReady(url, `${dataDir}/log/server.log`, signal);
  const api = apiClient(url, readFileSync(`${dataDir}/cli-token`, 'utf8').trim());
  const { installation } = await api.call<SessionView>('GET', '/api/session');
  stack.defer(() => removeEverything(engine.docker, dataDir, installation));
  start(
    'worker',
    {
      DOCKER_HOST: engine.host,
      SLUICE_SERVER_URL: url,
      SLUICE_HAPROXY: haproxy,
      SLUICE_DRAIN_MS: '3000',
      SLUICE_AT_STOP: 'end',
    },
    30_000,
  );

  say(`ready in ${((Date.now() - startedAt) / 1_000).toFixed(1)} s at ${pc.bold(url)}`);
  say(`sign in once with ${pc.bold(await readLoginLink(api))}`);
  say(`data in ${dataDir}, logs in ${dataDir}/log; Ctrl-C stops everything`);

  if (environment['SLUICE_DEMO'] !== 'off') {
    const baseImage = await ensureBaseImage(engine.docker, say);
    await runDemo({ api, dataDir, registry: registry.host, baseImage, say, signal }).catch(
      (error: unknown) => {
        if (signal.aborted) return;
        say(pc.red(error instanceof Error ? error.message : String(error)));
        process.exitCode = 1;
      },
    );
  }
  await aborted(signal);
  say('stopping');
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
