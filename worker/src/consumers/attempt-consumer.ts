import type { Redis } from 'ioredis';
import { attemptJob, attemptQueue, type AttemptJob } from '@sluice/pipelines/protocol/queues';
import type { ClaimAnswer } from '@sluice/pipelines/protocol/worker-api';
import type { UnfinishedAttempt } from '../spool/find-unfinished.ts';
import { adoptAttempt } from './adopt-attempt.ts';
import { consumeQueue, type QueueConsumer } from './consume-queue.ts';
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

/** Takes up what an earlier process of this worker had under way, then attempts from the queue. */
export function startAttemptConsumer(
  deps: AttemptDependencies,
  options: AttemptConsumerOptions,
): Pick<QueueConsumer, 'close'> {
  const consumer = consumeQueue({
    queue: attemptQueue(options.pool),
    prefix: options.queuePrefix,
    redis: options.redis,
    concurrency: options.slots,
    schema: attemptJob,
    take: (job, closing) => takeAttempt(deps, options, job, closing),
    log: deps.log,
  });
  for (const unfinished of options.unfinished) {
    consumer
      .track((closing) => adoptAttempt(deps, unfinished, options, closing))
      .catch((error: unknown) =>
        deps.log.error({ err: error, ...unfinished.header }, 'an attempt could not be taken up again'),
      );
  }
  return consumer;
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
