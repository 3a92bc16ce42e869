// For tests only: the core on a real PostgreSQL and a real Redis, with a repository to run.
import type { Plan } from '@sluice/pipelines/plan/plan';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { uuidv7 } from 'uuidv7';
import { openDiskBlobStore } from '../blobs/disk-blob-store.ts';
import type { ServerContext } from '../context.ts';
import { createSealer } from '../secrets/sealer.ts';
import { saveRepository } from '../store/repository-store.ts';
import { openTestDatabase } from '../store/test-database.ts';
import { openNews } from './news.ts';
import { startRun } from './start-run.ts';

export const redisUrl = process.env['REDIS_URL'];

export interface TestCore {
  readonly context: ServerContext;
  readonly databaseUrl: string;
  /** A second server on the same database and Redis. */
  readonly anotherServer: () => ServerContext;
  /** Lets time pass for everyone. */
  readonly passTime: (ms: number) => void;
  readonly start: (plan: Plan, options?: StartOptions) => Promise<string>;
  /** Removes the jobs as if Redis had been emptied; other tests' keys stay. */
  readonly emptyRedis: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface StartOptions {
  readonly deliveryId?: string;
  readonly project?: string;
  /** Default: the first server. */
  readonly on?: ServerContext;
}

export async function openTestCore(): Promise<TestCore> {
  if (redisUrl === undefined) throw new Error('REDIS_URL is not set');
  const database = await openTestDatabase();
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const blobDir = await mkdtemp(path.join(tmpdir(), 'sluice-blobs-'));
  const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' });
  const queuePrefix = `sluice-test-${randomUUID()}`;
  let passed = 0;
  const contexts: ServerContext[] = [];
  const open = (): ServerContext => {
    const context: ServerContext = {
      db: database.db,
      redis,
      log,
      now: () => Date.now() + passed,
      newId: uuidv7,
      installation: 'test',
      sealer: createSealer(key),
      news: openNews(redis, log),
      blobs: openDiskBlobStore(blobDir),
      cacheLimitBytes: 1024 ** 3,
      queuePrefix,
      stepLogBytes: 1_000_000_000,
    };
    contexts.push(context);
    return context;
  };
  const key = randomBytes(32);
  const context = open();
  const repository = await saveRepository(context, aRepository, { id: uuidv7(), at: Date.now() });

  const emptyRedis = async (): Promise<void> => {
    for await (const keys of redis.scanStream({ match: `${queuePrefix}:*`, count: 1_000 })) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
  };

  return {
    context,
    databaseUrl: database.url,
    anotherServer: open,
    passTime: (ms) => (passed += ms),
    async start(plan, options = {}) {
      const { runId } = await startRun(options.on ?? context, {
        project: options.project ?? 'default',
        repositoryId: repository.id,
        trigger: plan.trigger,
        pipeline: plan.pipeline,
        content: { kind: 'planned', plan },
        deliveryId: options.deliveryId ?? null,
      });
      return runId;
    },
    emptyRedis,
    async close() {
      await emptyRedis();
      await Promise.all(contexts.map((each) => each.news.close()));
      redis.disconnect();
      await database.close();
      await rm(blobDir, { recursive: true, force: true });
    },
  };
}

const aRepository = {
  project: 'default',
  fullName: 'acme/shop',
  provider: 'generic' as const,
  cloneUrl: 'https://git.example.com/acme/shop.git',
  defaultBranch: 'main',
  hookSecret: 'a-secret-of-a-hook',
  credentials: { username: 'robot', password: 'robot-password' },
  trusted: false,
  shared: false,
};
