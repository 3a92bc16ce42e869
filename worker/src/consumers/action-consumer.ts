// An action of a rollout is done once, reported until the server has it, and given up after a minute.
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { actionJob, actionQueue, type ActionJob } from '@sluice/pipelines/protocol/queues';
import type { ActionClaim, ActionReport } from '@sluice/pipelines/protocol/worker-api';
import { messageOf } from '../deploy/deploy-problem.ts';
import type { PerformedAction } from '../deploy/perform-action.ts';
import { createBackoff } from '../server-client/backoff.ts';
import { isTokenRefused, ServerRefusedError } from '../server-client/http-door.ts';
import type { Readiness } from '../readiness/readiness.ts';
import type { ServerClient } from '../server-client/server-client.ts';
import { consumeQueue, type QueueConsumer } from './consume-queue.ts';
import { timeLimit } from '../time-limit.ts';

export type LiveActions = Set<{
  readonly rolloutId: string;
  readonly action: number;
  readonly fence: number;
}>;

export interface ActionConsumerDependencies {
  readonly server: Pick<ServerClient, 'claimAction' | 'reportAction'>;
  /** Holds an entry for as long as an action is this process's. */
  readonly live: LiveActions;
  readonly perform: (claim: ActionClaim, signal: AbortSignal) => Promise<PerformedAction>;
  readonly redis: Redis;
  readonly queuePrefix: string;
  readonly pool: string;
  readonly workerId: string;
  readonly readiness: Readiness;
  readonly log: Logger;
  /** Actions at the same time; default 16. */
  readonly concurrency?: number;
  /** Default 60 seconds. */
  readonly actionTimeoutMs?: number;
}

/** Closing it takes no more actions, and waits until those under way are done, and reported if the server is there. */
export function startActionConsumer(deps: ActionConsumerDependencies): Pick<QueueConsumer, 'close'> {
  return consumeQueue({
    queue: actionQueue(deps.pool),
    prefix: deps.queuePrefix,
    redis: deps.redis,
    concurrency: deps.concurrency ?? 16,
    schema: actionJob,
    take: (job, closing) => takeAction(deps, job, closing),
    readiness: deps.readiness,
    waitsFor: ['token'],
    log: deps.log,
  });
}

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
  const held = { rolloutId: claim.rolloutId, action: claim.action, fence: claim.fence };
  deps.live.add(held);
  try {
    const done = await perform(deps, claim);
    const report: ActionReport = { fence: claim.fence, ...done };
    await untilAnswered(deps, job, closing, () =>
      deps.server.reportAction(claim.rolloutId, claim.action, report),
    );
  } finally {
    deps.live.delete(held);
  }
}

/** Never rejects: what nobody expected is reported too, so that the rollout goes on by its own rules. */
async function perform(deps: ActionConsumerDependencies, claim: ActionClaim): Promise<PerformedAction> {
  const { log, actionTimeoutMs = 60_000 } = deps;
  try {
    return await deps.perform(claim, timeLimit(actionTimeoutMs));
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
  let isTold = false;
  do {
    try {
      return await ask();
    } catch (error) {
      if (!isTold && !isTokenRefused(error)) log.warn(job, messageOf(error));
      isTold = true;
      if (error instanceof ServerRefusedError && !isTokenRefused(error)) return null;
      await backoff.wait(closing);
    }
  } while (!closing.aborted);
  return null;
}
