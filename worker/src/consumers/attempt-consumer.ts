// Takes jobs of attempts from the queue. A job is only a hint: the claim at the server decides, so a job may be lost,
// come twice, or outlive its attempt, and Redis may vanish while attempts run.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { attemptJob, attemptQueue, type AttemptJob } from '@sluice/pipelines/protocol/queues';
import type { ClaimAnswer } from '@sluice/pipelines/protocol/worker-api';
import type { UnfinishedAttempt } from '../spool/find-unfinished.ts';
import { adoptAttempt } from './adopt-attempt.ts';
import { createBackoff } from '../server-client/backoff.ts';
import { ServerAwayError, ServerRefusedError } from '../server-client/http-door.ts';
import type { ServerClient } from '../server-client/server-client.ts';
import { createLiveAttempt, type LiveAttempts } from '../stages/live-attempt.ts';
import { runAttempt, type AttemptDependencies } from '../stages/run-attempt.ts';

export interface AttemptConsumerOptions {
  readonly redis: Redis;
  readonly queuePrefix: string;
  readonly pool: string;
  readonly slots: number;
  /** Holds an entry for as long as an attempt is this process's. */
  readonly live: LiveAttempts;
  /** What an earlier process of this worker had under way; taken up beside the slots. */
  readonly unfinished: readonly UnfinishedAttempt[];
  /** Aborts when the process ends whatever is still under way. */
  readonly abandon: AbortSignal;
}

export interface AttemptConsumer {
  /** Takes no more jobs; resolves when those under way have ended. */
  readonly close: () => Promise<void>;
}

export function startAttemptConsumer(
  deps: AttemptDependencies,
  options: AttemptConsumerOptions,
): AttemptConsumer {
  const { redis, queuePrefix, pool, slots } = options;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const track = async (attempt: Promise<void>): Promise<void> => {
    running.add(attempt);
    await attempt.finally(() => running.delete(attempt));
  };
  for (const unfinished of options.unfinished) {
    track(adoptAttempt(deps, unfinished, options, closing.signal)).catch((error: unknown) =>
      deps.log.error({ err: error, ...unfinished.header }, 'an attempt could not be taken up again'),
    );
  }
  const worker = new Worker(
    attemptQueue(pool),
    async (job) => {
      const parsed = attemptJob.safeParse(job.data);
      if (!parsed.success) {
        deps.log.error(
          { job: job.id },
          'a job that is no attempt was dropped: is another program using this queue?',
        );
        return;
      }
      await track(takeAttempt(deps, options, parsed.data, closing.signal));
    },
    {
      connection: redis,
      prefix: queuePrefix,
      concurrency: slots,
      // A job that is done or failed must not stand in the way of the same id coming again.
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      maxStalledCount: 1_000,
    },
  );
  sayProblems(worker, deps.log);
  return {
    close: async () => {
      closing.abort();
      await worker.pause(true);
      await Promise.allSettled(running);
      await Promise.race([worker.close(), sleep(goodbyeMs)]); // never settles while Redis is away
    },
  };
}

/** Time to tell Redis which jobs are done; it is only a courtesy. */
const goodbyeMs = 2_000;

/** Losing Redis, a lock or a job's key ends no attempt: it is told and forgotten. */
function sayProblems(worker: Worker, log: Logger): void {
  let last = '';
  worker.on('error', (error) => {
    if (error.message !== last) log.warn(`attempt queue: ${error.message}`);
    last = error.message;
  });
  worker.on('ready', () => {
    last = '';
  });
  worker.on('failed', (job, error) => log.error({ job: job?.id, err: error }, 'a job of an attempt failed'));
}

async function takeAttempt(
  deps: AttemptDependencies,
  { live, abandon }: AttemptConsumerOptions,
  job: AttemptJob,
  closing: AbortSignal,
): Promise<void> {
  const answer = await claim(deps, job, closing);
  if (answer === null) return;
  if (answer.kind === 'refused') {
    deps.log.debug({ ...job, reason: answer.reason }, 'attempt refused');
    return;
  }
  const { attemptId, fence } = answer.claim;
  const attempt = createLiveAttempt(attemptId, fence);
  live.set(attemptId, attempt);
  try {
    await runAttempt(deps, answer.claim, attempt, abandon);
  } finally {
    if (live.get(attemptId) === attempt) live.delete(attemptId);
  }
}

/** Asks until the server answers. Null: this process ends before, or is not understood; the server puts the job back. */
async function claim(
  { server, folder, log }: AttemptDependencies & { readonly server: ServerClient },
  job: AttemptJob,
  closing: AbortSignal,
): Promise<ClaimAnswer | null> {
  const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
  while (!closing.aborted) {
    try {
      return await server.claim({ ...job, workerId: folder.workerId });
    } catch (error) {
      log.warn(job, `claim: ${error instanceof Error ? error.message : String(error)}`);
      if (!mayPass(error)) return null;
      await backoff.wait(closing);
    }
  }
  return null;
}

/** The server is away, or an operator has to mend our token. */
function mayPass(error: unknown): boolean {
  return (
    error instanceof ServerAwayError ||
    (error instanceof ServerRefusedError && [401, 403].includes(error.status))
  );
}
