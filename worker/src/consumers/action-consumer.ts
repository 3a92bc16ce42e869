// Takes actions of rollouts from the queue. A job is only a hint: the claim at the server decides, so a job may be
// lost or come twice. An action is done once, reported until the server has it, and given up after a minute.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { actionJob, actionQueue, type ActionJob } from '@sluice/pipelines/protocol/queues';
import type { ActionClaim, ActionReport } from '@sluice/pipelines/protocol/worker-api';
import { messageOf } from '../deploy/deploy-problem.ts';
import type { PerformedAction } from '../deploy/perform-action.ts';
import { createBackoff } from '../server-client/backoff.ts';
import { ServerRefusedError } from '../server-client/http-door.ts';
import type { ServerClient } from '../server-client/server-client.ts';

export interface ActionConsumerDependencies {
  readonly server: Pick<ServerClient, 'claimAction' | 'reportAction'>;
  readonly perform: (claim: ActionClaim, signal: AbortSignal) => Promise<PerformedAction>;
  readonly redis: Redis;
  readonly queuePrefix: string;
  readonly pool: string;
  readonly workerId: string;
  readonly log: Logger;
  /** Actions at the same time; default 16. */
  readonly concurrency?: number;
  /** Default 60 seconds. */
  readonly actionTimeoutMs?: number;
}

export interface ActionConsumer {
  /** Takes no more actions; resolves when those under way have been done, and reported if the server is there. */
  readonly close: () => Promise<void>;
}

export function startActionConsumer(deps: ActionConsumerDependencies): ActionConsumer {
  const { redis, queuePrefix, pool, log, concurrency = 16 } = deps;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const worker = new Worker(
    actionQueue(pool),
    async (job) => {
      const parsed = actionJob.safeParse(job.data);
      if (!parsed.success) {
        log.error(
          { job: job.id },
          'a job that is no action was dropped: is another program using this queue?',
        );
        return;
      }
      const action = takeAction(deps, parsed.data, closing.signal);
      running.add(action);
      await action.finally(() => running.delete(action));
    },
    {
      connection: redis,
      prefix: queuePrefix,
      concurrency,
      // A job that is done or failed must not stand in the way of the same id coming again.
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      maxStalledCount: 1_000,
    },
  );
  sayProblems(worker, log);
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

async function takeAction(
  deps: ActionConsumerDependencies,
  job: ActionJob,
  closing: AbortSignal,
): Promise<void> {
  const answer = await untilAnswered(deps, job, closing, () =>
    deps.server.claimAction({ ...job, workerId: deps.workerId }, closing),
  );
  if (answer === null) return;
  if (answer.kind === 'refused') {
    deps.log.debug({ ...job, reason: answer.reason }, 'action refused');
    return;
  }
  const { claim } = answer;
  const done = await perform(deps, claim);
  const report: ActionReport = { fence: claim.fence, ...done };
  await untilAnswered(deps, job, closing, () =>
    deps.server.reportAction(claim.rolloutId, claim.action, report),
  );
}

/** Never rejects: what nobody expected is reported too, so that the rollout goes on by its own rules. */
async function perform(deps: ActionConsumerDependencies, claim: ActionClaim): Promise<PerformedAction> {
  const { log, actionTimeoutMs = 60_000 } = deps;
  try {
    return await deps.perform(claim, AbortSignal.timeout(actionTimeoutMs));
  } catch (error) {
    log.error(
      { rolloutId: claim.rolloutId, action: claim.action, err: error },
      'an action failed unexpectedly',
    );
    const message = `The worker ${deps.workerId} failed to ${claim.what.kind}; its own log says why. It is tried again.`;
    return { result: { result: 'failed', reason: 'worker-error', message, retryable: true }, lines: [] };
  }
}

/** Asks again while the server is away. Null: it refused, or this process ends first and the server asks again later. */
async function untilAnswered<T>(
  { log }: ActionConsumerDependencies,
  job: ActionJob,
  closing: AbortSignal,
  ask: () => Promise<T>,
): Promise<T | null> {
  const backoff = createBackoff({ firstMs: 100, maxMs: 5_000 });
  do {
    try {
      return await ask();
    } catch (error) {
      log.warn(job, messageOf(error));
      if (error instanceof ServerRefusedError) return null;
      await backoff.wait(closing);
    }
  } while (!closing.aborted);
  return null;
}

/** Losing Redis, a lock or a job's key ends no action: it is told once and forgotten. */
function sayProblems(worker: Worker, log: Logger): void {
  let last = '';
  worker.on('error', (error) => {
    if (error.message !== last) log.warn(`action queue: ${error.message}`);
    last = error.message;
  });
  worker.on('ready', () => {
    last = '';
  });
  worker.on('failed', (job, error) => log.error({ job: job?.id, err: error }, 'a job of an action failed'));
}
