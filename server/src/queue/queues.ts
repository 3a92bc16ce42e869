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
  /** Rejects at once while Redis is away: ask before anything is locked for a call. */
  readonly ready: () => Promise<void>;
  /** Adds the jobs; one that is there already stays as it is. */
  readonly add: (commands: readonly QueueCommand[]) => Promise<void>;
  /** Those whose job Redis does not have. */
  readonly missing: (commands: readonly QueueCommand[]) => Promise<readonly QueueCommand[]>;
  readonly close: () => Promise<void>;
}

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
  const open = (name: string) => {
    const queue = new Queue(name, { connection, prefix: context.queuePrefix });
    queue.on('error', () => undefined);
    return queue;
  };
  const queues = {
    'enqueue-attempt': open(attemptQueue(defaultPool)),
    'enqueue-action': open(actionQueue(defaultPool)),
  } satisfies Record<QueueCommand['kind'], Queue>;

  return {
    async ready() {
      if (isStarting) await started;
      if (connection.status !== 'ready') throw new Error('Redis is away');
    },
    async add(commands) {
      for (const [kind, queue] of Object.entries(queues)) {
        const jobs = commands.filter((command) => command.kind === kind).map(jobOf);
        if (jobs.length > 0) await inTime(queue.addBulk(jobs));
      }
    },
    async missing(commands) {
      if (commands.length === 0) return [];
      const pipeline = connection.pipeline();
      for (const command of commands) pipeline.exists(queues[command.kind].toKey(jobIdOf(command)));
      const answers = (await inTime(pipeline.exec())) ?? [];
      return commands.filter((_command, index) => {
        const [error, exists] = answers[index] ?? [new Error('Redis gave too few answers'), null];
        if (error !== null) throw error;
        return exists === 0;
      });
    },
    async close() {
      connection.disconnect();
      await Promise.all(Object.values(queues).map((queue) => queue.close().catch(() => undefined)));
    },
  };
}

function jobOf(command: QueueCommand) {
  return {
    name: command.kind,
    data: command.job,
    // The database is the memory: a job that ended leaves nothing behind.
    opts: { jobId: jobIdOf(command), removeOnComplete: true, removeOnFail: true },
  };
}

const jobIdOf = (command: QueueCommand): string =>
  command.kind === 'enqueue-attempt' ? attemptJobId(command.job) : actionJobId(command.job);

/** BullMQ waits without end for a connection that does not come. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${patienceMs} ms`)), patienceMs);
  });
  promise.catch(() => undefined); // if it loses the race, nobody else hears its rejection
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
