// For tests only: the whole app on a PostgreSQL and a Redis of its own, with a Git repository to read from.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import express from 'express';
import { Redis } from 'ioredis';
import pino from 'pino';
import { uuidv7 } from 'uuidv7';
import { createDoorkeeper } from '../auth/authenticate.ts';
import { allowedHosts } from '../auth/same-origin.ts';
import { createApiToken } from '../auth/sign-in.ts';
import { openDiskBlobStore } from '../blobs/disk-blob-store.ts';
import type { ServerContext } from '../context.ts';
import { createLeaving } from '../leaving.ts';
import { startEmbeddedRedis } from '../embedded/redis.ts';
import { openNews } from '../orchestrator/news.ts';
import { openMirrors } from '../repositories/mirrors.ts';
import { createSealer } from '../secrets/sealer.ts';
import { ensureInstallation } from '../store/installation-store.ts';
import { findTemplateRepository } from '../store/repository-store.ts';
import { openTestDatabase } from '../store/test-database.ts';
import { startDeliveryWorker, type DeliveryWorker } from '../webhooks/delivery-worker.ts';
import { processDelivery } from '../webhooks/process-delivery.ts';
import { apiRoutes } from './api-routes.ts';
import { createApp } from './create-app.ts';

export interface TestApp {
  readonly url: string;
  readonly token: string;
  readonly workerToken: string;
  readonly context: ServerContext;
  /** A request with the API token, unless `headers` say otherwise. */
  readonly call: (
    method: string,
    address: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<{ readonly status: number; readonly body: unknown; readonly headers: Headers }>;
  /** Commits the text as `.sluice.yml` to `main` of a new repository under `acme/<name>`; gives the commit. */
  readonly commit: (
    name: string,
    pipeline: string | null,
    others?: Readonly<Record<string, string>>,
  ) => string;
  readonly cloneUrl: (name: string) => string;
  /** Starts working off deliveries, as a server does at its start. */
  readonly startDeliveries: () => DeliveryWorker;
  readonly close: () => Promise<void>;
}

export async function openTestApp(options: { readonly webRoot?: string } = {}): Promise<TestApp> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-app-'));
  const log = pino({ level: 'silent' });
  const { db, close: closeDatabase } = await openTestDatabase();
  const redisEngine = await startEmbeddedRedis({ dataDir: folder, log });
  const redis = new Redis(redisEngine.url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const sealer = createSealer(new Uint8Array(32).fill(1));
  const parts = { db, sealer, newId: uuidv7, now: Date.now };
  const installation = await ensureInstallation(parts, 'the test');
  const news = openNews(redis, log);
  const context: ServerContext = {
    ...parts,
    redis,
    log,
    installation,
    news,
    blobs: openDiskBlobStore(path.join(folder, 'blobs')),
    cacheLimitBytes: 1024 ** 3,
    queuePrefix: 'bull',
    stepLogBytes: 1_000_000_000,
  };

  const rules = { fileFolders: [folder], privateHosts: [] };
  const mirrors = openMirrors(path.join(folder, 'mirrors'), rules, (user, address) =>
    findTemplateRepository(context, user.id, address),
  );
  const workers: DeliveryWorker[] = [];
  const origins = { hosts: allowedHosts('127.0.0.1', null), publicUrl: null };
  const workerToken = 'worker-token-of-the-test';
  const server = createServer(
    createApp({
      leaving: createLeaving(),
      context,
      doorkeeper: createDoorkeeper(context, origins),
      origins,
      workerToken,
      mirrors,
      cloneRules: rules,
      webRoot: options.webRoot ?? null,
      onDelivery: () => workers.forEach((worker) => worker.wake()),
      workerRoutes: express.Router().get('/ping', (_request, response) => void response.json({ pong: true })),
      apiRoutes: apiRoutes(context),
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address !== 'object') throw new Error('the test server has no port');
  const url = `http://127.0.0.1:${address.port}`;
  const { token } = await createApiToken(context, 'test', 'admin');
  const repository = (name: string) => path.join(folder, 'repositories', name);

  return {
    url,
    token,
    workerToken,
    context,
    async call(method, target, body, headers = { authorization: `Bearer ${token}` }) {
      const answer = await fetch(`${url}${target}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const isJson = answer.headers.get('content-type')?.includes('json') === true;
      return { status: answer.status, body: isJson ? JSON.parse(text) : text, headers: answer.headers };
    },
    commit: (name, pipeline, others) => commitTo(repository(name), pipeline, others),
    cloneUrl: (name) => pathToFileURL(repository(name)).href,
    startDeliveries() {
      const worker = startDeliveryWorker(context, (delivery) => processDelivery(context, mirrors, delivery));
      workers.push(worker);
      return worker;
    },
    async close() {
      for (const worker of workers) await worker.close();
      await mirrors.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await news.close();
      redis.disconnect();
      await closeDatabase();
      await redisEngine.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function commitTo(
  folder: string,
  pipeline: string | null,
  others: Readonly<Record<string, string>> = {},
): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' });
  if (!existsSync(folder)) execFileSync('git', ['init', '--quiet', '--initial-branch=main', folder]);
  if (pipeline !== null) writeFileSync(path.join(folder, '.sluice.yml'), pipeline);
  for (const [file, text] of Object.entries(others)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  git('add', '--all');
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  git(...who, 'commit', '--quiet', '--allow-empty', '--message', 'Change');
  return git('rev-parse', 'HEAD').trim();
}
