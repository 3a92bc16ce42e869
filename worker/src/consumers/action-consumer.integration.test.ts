import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actionJobId, actionQueue } from '@sluice/pipelines/protocol/queues';
import type { ActionClaim, ActionReport } from '@sluice/pipelines/protocol/worker-api';
import type { PerformedAction } from '../deploy/perform-action.ts';
import { aClaim } from '../deploy/test-claim.ts';
import { ServerAwayError, ServerRefusedError } from '../server-client/http-door.ts';
import { createReadiness } from '../readiness/readiness.ts';
import { startActionConsumer, type ActionConsumerDependencies } from './action-consumer.ts';
import type { QueueConsumer } from './consume-queue.ts';

const url = process.env['REDIS_URL'];
const failed: PerformedAction = {
  result: { result: 'failed', reason: 'not-deployed', message: 'none', retryable: false },
  lines: ['looked'],
};

describe.skipIf(url === undefined)(
  `the action consumer${url === undefined ? ' (REDIS_URL is not set)' : ''}`,
  () => {
    let redis: Redis;
    let queue: Queue;
    let prefix: string;
    let consumer: Pick<QueueConsumer, 'close'> | null;

    beforeEach(() => {
      prefix = `test-${randomUUID()}`;
      redis = new Redis(url ?? '', { maxRetriesPerRequest: null });
      queue = new Queue(actionQueue('default'), { connection: redis, prefix });
      consumer = null;
    });
    afterEach(async () => {
      await consumer?.close();
      await queue.obliterate({ force: true });
      await queue.close();
      await redis.quit();
    });

    const claim = (): ActionClaim =>
      aClaim({
        installation: 'test',
        target: { kind: 'docker', service: 'shop', listenHost: '127.0.0.1', listenPort: 1 },
        version: 'v1',
        image: 'shop:1',
      });
    const start = (deps: Pick<ActionConsumerDependencies, 'server' | 'perform'>): void => {
      const fixed = {
        redis,
        queuePrefix: prefix,
        pool: 'default',
        workerId: 'w1',
        live: new Set<never>(),
        readiness: createReadiness(pino({ enabled: false })),
        log: pino({ enabled: false }),
      };
      consumer = startActionConsumer({ ...fixed, ...deps });
    };
    const enqueue = async (): Promise<void> => {
      const job = { rolloutId: claim().rolloutId, action: 1 };
      await queue.add('action', job, { jobId: actionJobId(job) });
    };

    test('an action is claimed, done, and reported until the server has it', async () => {
      const reported = deferred<ActionReport>();
      let tries = 0;
      start({
        perform: async () => failed,
        server: {
          claimAction: async () => ({ kind: 'claimed', claim: claim() }),
          reportAction: async (_rolloutId, _action, report) => {
            tries += 1;
            if (tries < 3) throw new ServerAwayError('away');
            reported.resolve(report);
          },
        },
      });
      await enqueue();
      expect(await reported.promise).toEqual({ fence: 1, ...failed });
      expect(tries).toBe(3);
    });

    test('a refused claim does nothing', async () => {
      const asked = deferred<undefined>();
      let performed = 0;
      start({
        perform: async () => {
          performed += 1;
          return failed;
        },
        server: {
          claimAction: async () => {
            asked.resolve(undefined);
            return { kind: 'refused', reason: 'over' };
          },
          reportAction: async () => {},
        },
      });
      await enqueue();
      await asked.promise;
      await consumer?.close();
      expect(performed).toBe(0);
    });

    test('a report with an old fence is dropped', async () => {
      const refused = deferred<undefined>();
      let reports = 0;
      start({
        perform: async () => failed,
        server: {
          claimAction: async () => ({ kind: 'claimed', claim: claim() }),
          reportAction: async () => {
            reports += 1;
            refused.resolve(undefined);
            throw new ServerRefusedError('stale fence', 409, 'stale-fence');
          },
        },
      });
      await enqueue();
      await refused.promise;
      await consumer?.close();
      expect(reports).toBe(1);
    });

    test('a surprise is reported as a failure that may be tried again', async () => {
      const reported = deferred<ActionReport>();
      start({
        perform: () => Promise.reject(new TypeError('x is not a function')),
        server: {
          claimAction: async () => ({ kind: 'claimed', claim: claim() }),
          reportAction: async (_rolloutId, _action, report) => reported.resolve(report),
        },
      });
      await enqueue();
      expect((await reported.promise).result).toMatchObject({ reason: 'worker-error', retryable: true });
    });
  },
);

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}
