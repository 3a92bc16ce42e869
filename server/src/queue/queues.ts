import {
  actionJobId,
  actionQueue,
  attemptJobId,
  attemptQueue,
  defaultPool,
} from '@sluice/pipelines/protocol/queues';
import { Queue } from 'bullmq';
import type { ServerContext } from '../context.ts';
import type { QueueCommand } from '../store/outbox-store.ts';

/** BullMQ carries ids to workers. Every call rejects within a few seconds while Redis is away. */
export interface Queues {
  /** Ids of the jobs that workers have taken. */
  readonly taken: () => Promise<ReadonlySet<string>>;
  /** Rejects at once while Redis is away: ask before anything is locked for a call. */
  readonly ready: () => Promise<void>;
  /** Adds the jobs; one that is there already stays as it is. */
  readonly add: (jobs: readonly JobToAdd[]) => Promise<void>;
  /** Those whose job Redis does not have. */
  readonly missing: <Job extends JobToAdd>(jobs: readonly Job[]) => Promise<readonly Job[]>;
  readonly close: () => Promise<void>;
}

/**
 * `again`: counts further jobs for the same work, each with an id of its own; a claim still decides who does it.
 * `pool`: whose workers may take it; the default one where it is absent.
 */
export type JobToAdd = QueueCommand & { readonly again?: number; readonly pool?: string };

const patienceMs = 5_000;
/** For the first connection only. */
const startPatienceMs = 1_000;

export function openQueues(context: Pick<ServerContext, 'redis' | 'queuePrefix' | 'log'>): Queues {
  const connection = context.redis.duplicate({
    lazyConnect: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: patienceMs,
  });
  connection.on('error', () => undefined); // told by whoever calls and is rejected
  let isStarting = true;
  const started = new Promise<void>((resolve) => {
    connection.once('ready', resolve);
    setTimeout(resolve, startPatienceMs).unref();
  }).then(() => (isStarting = false));
  const queues = new Map<string, Queue>();
  const open = (name: string) => {
    const queue = new Queue(name, { connection, prefix: context.queuePrefix });
    queue.on('error', () => undefined);
    // One that is opened while Redis does not answer would never work again.
    queue.waitUntilReady().catch(() => {
      if (queues.get(name) === queue) queues.delete(name);
      queue.close().catch(() => undefined);
    });
    return queue;
  };
  const queueOf = (job: Pick<JobToAdd, 'kind' | 'pool'>): Queue => {
    const name = queueNames[job.kind](job.pool ?? defaultPool);
    const queue = queues.get(name) ?? open(name);
    queues.set(name, queue);
    return queue;
  };

  return {
    async ready() {
      if (isStarting) await started;
      if (connection.status !== 'ready') throw new Error('Redis is away');
    },
    async taken() {
      const lists = [...queues.values()].map((queue) => connection.lrange(queue.toKey('active'), 0, -1));
      return new Set((await inTime(Promise.all(lists))).flat());
    },
    async add(jobs) {
      for (const queue of new Set(jobs.map(queueOf))) {
        const chosen = jobs.filter((job) => queueOf(job) === queue);
        await inTime(queue.addBulk(chosen.map(jobOf)));
      }
    },
    async missing(jobs) {
      if (jobs.length === 0) return [];
      const pipeline = connection.pipeline();
      for (const job of jobs) pipeline.exists(queueOf(job).toKey(jobIdOf(job)));
      const answers = (await inTime(pipeline.exec())) ?? [];
      return jobs.filter((_job, index) => {
        const [error, exists] = answers[index] ?? [new Error('Redis gave too few answers'), null];
        if (error !== null) throw error;
        return exists === 0;
      });
    },
    async close() {
      connection.disconnect();
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => undefined)));
    },
  };
}

const queueNames = {
  'enqueue-attempt': attemptQueue,
  'enqueue-action': actionQueue,
} satisfies Record<QueueCommand['kind'], (pool: string) => string>;

function jobOf(toAdd: JobToAdd) {
  return {
    name: toAdd.kind,
    data: toAdd.job,
    // The database is the memory: a job that ended leaves nothing behind.
    opts: { jobId: jobIdOf(toAdd), removeOnComplete: true, removeOnFail: true },
  };
}

export function jobIdOf(toAdd: JobToAdd): string {
  const id = toAdd.kind === 'enqueue-attempt' ? attemptJobId(toAdd.job) : actionJobId(toAdd.job);
  return toAdd.again === undefined || toAdd.again === 0 ? id : `${id}-again-${toAdd.again}`;
}

/** BullMQ waits without end for a connection that does not come. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${patienceMs} ms`)), patienceMs);
  });
  promise.catch(() => undefined); // if it loses the race, nobody else hears its rejection
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
