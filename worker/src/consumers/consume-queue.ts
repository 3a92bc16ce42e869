// Jobs of one queue, each only a hint: the claim at the server decides, so a job may be lost, come twice, or outlive
// what it stands for, and Redis may vanish while work is under way.
import { setTimeout as sleep } from 'node:timers/promises';
import { WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Obstacle, Readiness } from '../readiness/readiness.ts';

export interface QueueOptions<Job> {
  readonly queue: string;
  readonly prefix: string;
  readonly redis: Redis;
  /** Jobs at the same time. */
  readonly concurrency: number;
  /** What a job's data has to be; others are dropped with a word. */
  readonly schema: z.ZodType<Job>;
  /** Does all that the job stands for. `closing` aborts when no more is to be begun. */
  readonly take: (job: Job, closing: AbortSignal) => Promise<void>;
  readonly readiness: Readiness;
  /** While one of these stands in the way no job is taken, so that other workers have it. */
  readonly waitsFor: readonly Obstacle[];
  readonly log: Logger;
}

export interface QueueConsumer {
  /** Work of this process that came by another way; `close` waits for it too. */
  readonly track: (work: (closing: AbortSignal) => Promise<void>) => Promise<void>;
  /** Takes no more jobs; resolves when those under way have ended. */
  readonly close: () => Promise<void>;
}

/** Time to tell Redis which jobs are done; it is only a courtesy. */
const goodbyeMs = 2_000;

export function consumeQueue<Job>(options: QueueOptions<Job>): QueueConsumer {
  const { queue, redis, prefix, concurrency, log } = options;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const track = async (work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const done = work(closing.signal);
    running.add(done);
    await done.finally(() => running.delete(done));
  };
  const isHeldUp = (): boolean =>
    options.waitsFor.some((obstacle) => options.readiness.reasons().has(obstacle));
  const worker = new Worker(
    queue,
    async (given, token) => {
      if (isHeldUp()) {
        // A worker that waits for a job when it is paused still gets that one.
        await given.moveToWait(token);
        throw new WaitingError();
      }
      const { id, data } = given;
      const job = options.schema.safeParse(data);
      if (job.success) await track((signal) => options.take(job.data, signal));
      else
        log.error(
          { job: id, queue },
          'a job of another form was dropped: does another program use this queue?',
        );
    },
    {
      connection: redis,
      prefix,
      concurrency,
      // A job that is done or failed must not stand in the way of the same id coming again.
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      maxStalledCount: 1_000,
    },
  );
  sayProblems(worker, queue, log);
  options.readiness.onChange(() => {
    if (closing.signal.aborted) return;
    if (isHeldUp()) void worker.pause(true);
    else if (worker.isPaused()) void worker.resume();
  });
  if (isHeldUp()) void worker.pause(true);
  return {
    track,
    close: async () => {
      closing.abort();
      await worker.pause(true);
      await Promise.allSettled(running);
      await Promise.race([worker.close(), sleep(goodbyeMs)]); // never settles while Redis is away
    },
  };
}

/** Losing Redis, a lock or a job's key ends no work: it is told once and forgotten. */
function sayProblems(worker: Worker, queue: string, log: Logger): void {
  let last = '';
  worker.on('error', (error) => {
    if (error.message !== last) log.warn(`${queue}: ${error.message}`);
    last = error.message;
  });
  worker.on('ready', () => {
    last = '';
  });
  worker.on('failed', (job, error) => log.error({ job: job?.id, queue, err: error }, 'a job failed'));
}
