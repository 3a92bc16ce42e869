import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { attemptJob, attemptJobId, attemptQueue, type AttemptJob } from '@sluice/pipelines/protocol/queues';
import type { Claim, ClaimAnswer } from '@sluice/pipelines/protocol/worker-api';
import type { EarlierAttempt, UnfinishedAttempt } from '../spool/find-unfinished.ts';
import { adoptAttempt, type ConsumerDependencies } from './adopt-attempt.ts';
import { consumeQueue, type QueueConsumer } from './consume-queue.ts';
import type { Readiness } from '../readiness/readiness.ts';
import { createBackoff } from '../server-client/backoff.ts';
import { isTokenRefused, ServerAwayError } from '../server-client/http-door.ts';
import { createLiveAttempt, type LiveAttempts } from '../stages/live-attempt.ts';
import { runAttempt } from '../stages/run-attempt.ts';

export interface AttemptConsumerOptions {
  readonly redis: Redis;
  readonly queuePrefix: string;
  readonly pool: string;
  readonly slots: number;
  /** No stage is begun while anything stands in its way. */
  readonly readiness: Readiness;
  /** Holds an entry for as long as an attempt is this process's. */
  readonly live: LiveAttempts;
  /** What an earlier process of this worker had under way; taken up beside the slots. */
  readonly unfinished: readonly UnfinishedAttempt[];
  /** Attempts (ids) of which an earlier process left a spool, whatever its state. */
  readonly spooled: ReadonlySet<string>;
  /** Aborts when the process ends whatever is still under way. */
  readonly abandon: AbortSignal;
}

export interface AttemptConsumer extends Pick<QueueConsumer, 'close'> {
  /** Resolves when the server has answered for all that an earlier process held: what is ours is among the `live`. */
  readonly answered: Promise<void>;
}

/** Takes up what an earlier process of this worker had under way, then attempts from the queue. */
export function startAttemptConsumer(
  deps: ConsumerDependencies,
  options: AttemptConsumerOptions,
): AttemptConsumer {
  const underWay = new Set<string>();
  const takenUp = new Map<string, Promise<void>>();
  const consumer = consumeQueue({
    queue: attemptQueue(options.pool),
    prefix: options.queuePrefix,
    redis: options.redis,
    concurrency: options.slots,
    schema: attemptJob,
    take: async (job, closing) => {
      const key = attemptJobId(job);
      if (underWay.has(key)) return; // the same job came twice
      underWay.add(key);
      await takeAttempt(deps, { ...options, takenUp }, job, closing).finally(() => underWay.delete(key));
    },
    readiness: options.readiness,
    waitsFor: ['disk', 'token'],
    log: deps.log,
  });
  const adopted = options.unfinished.map((unfinished) =>
    untilAnswered((onAnswer) => {
      const settled = consumer
        .track((closing) => adoptAttempt(deps, unfinished, options, closing, onAnswer))
        .catch((error: unknown) =>
          deps.log.error({ err: error, ...unfinished.header }, 'an attempt could not be taken up again'),
        );
      takenUp.set(unfinished.header.attemptId, settled);
      return settled;
    }),
  );
  const begun = untilAnswered((onAnswer) =>
    consumer
      .track((closing) => takeUnheard(deps, { ...options, takenUp }, underWay, closing, onAnswer))
      .catch((error: unknown) => deps.log.error({ err: error }, 'an attempt could not be begun')),
  );
  return { close: consumer.close, answered: Promise.all([...adopted, begun]).then(() => undefined) };
}

/** Resolves when `work` says so, or when it has ended. */
function untilAnswered(work: (onAnswer: () => void) => Promise<void>): Promise<void> {
  return new Promise((resolve) => void work(resolve).finally(resolve));
}

interface Taking extends AttemptConsumerOptions {
  /** By the attempt: settles when what an earlier process left of it was taken up to its end, or is gone. */
  readonly takenUp: ReadonlyMap<string, Promise<void>>;
}

async function takeAttempt(
  deps: ConsumerDependencies,
  options: Taking,
  job: AttemptJob,
  closing: AbortSignal,
): Promise<void> {
  const answer = await claim(deps, job, closing);
  if (answer === null) return;
  if (answer.kind === 'refused') {
    deps.log.debug({ ...job, reason: answer.reason }, 'attempt refused');
    return;
  }
  await begin(deps, options, answer, closing);
}

/** Begins what the server gave to an earlier process of this worker that died before it heard of it. */
async function takeUnheard(
  deps: ConsumerDependencies,
  options: Taking,
  underWay: ReadonlySet<string>,
  closing: AbortSignal,
  onAnswer: () => void,
): Promise<void> {
  const { server, folder, log } = deps;
  const held = await ask('held', log, closing, () => server.held(folder.workerId));
  const unheard = (held ?? []).filter(
    ({ attemptId, ...job }) => !options.spooled.has(attemptId) && !underWay.has(attemptJobId(job)),
  );
  const answers = await Promise.all(
    unheard.map(({ attemptId, fence }) => {
      const request = { workerId: folder.workerId, fence };
      return ask('adopt', log, closing, () => server.adopt(attemptId, request));
    }),
  );
  const begun = answers.flatMap((answer) =>
    answer?.kind === 'claimed' ? [begin(deps, options, answer, closing)] : [],
  );
  onAnswer();
  await Promise.all(begun);
}

async function begin(
  deps: ConsumerDependencies,
  { live, abandon, takenUp }: Taking,
  { claim: given, isTakenOver }: Extract<ClaimAnswer, { kind: 'claimed' }>,
  closing: AbortSignal,
): Promise<void> {
  const { attemptId, fence } = given;
  const attempt = createLiveAttempt(attemptId, fence);
  live.set(attemptId, attempt);
  try {
    // The pod that an earlier process of ours gave away may come back to us; its folders here are cleared first.
    await takenUp.get(attemptId);
    const earlier = isTakenOver ? await takenOver(deps, given, closing) : null;
    if (isTakenOver && earlier === null) return;
    await runAttempt(deps, given, attempt, abandon, earlier);
  } finally {
    if (live.get(attemptId) === attempt) live.delete(attemptId);
  }
}

/** Where another worker left the attempt. Null: it is not ours after all, and whoever comes next asks again. */
async function takenOver(
  { server, log }: ConsumerDependencies,
  { attemptId, fence }: Claim,
  closing: AbortSignal,
): Promise<EarlierAttempt | null> {
  try {
    const { past, history } = await server.past(attemptId, fence, closing);
    log.warn({ attemptId, lines: past.lines }, 'took over the pod of a lost worker');
    const record = {
      startedAt: Math.round(past.startedAt),
      startedTick: null,
      failure: past.failure,
      outcome: null,
    };
    const nothingHere = { path: null, records: [], wasUsed: false, containerId: null, engineIds: [] };
    return { ...nothingHere, history, record };
  } catch (error) {
    log.warn({ err: error, attemptId }, 'the pod of a lost worker could not be taken over');
    return null;
  }
}

/** Asks until the server answers. Null: this process ends before, or is not understood; the server puts the job back. */
function claim(
  { server, folder, log, pods }: ConsumerDependencies,
  job: AttemptJob,
  closing: AbortSignal,
): Promise<ClaimAnswer | null> {
  let tries = 0;
  return ask('claim', log, closing, () => {
    tries += 1;
    return server.claim({
      ...job,
      workerId: folder.workerId,
      executor: pods === null ? 'docker' : 'kubernetes',
      ...(pods !== null && { pods }),
      ...(tries > 1 && { again: true }),
    });
  });
}

async function ask<T>(
  what: string,
  log: Logger,
  closing: AbortSignal,
  call: () => Promise<T>,
): Promise<T | null> {
  const backoff = createBackoff({ firstMs: 100, maxMs: 2_000 });
  let isTold = false;
  while (!closing.aborted) {
    try {
      return await call();
    } catch (error) {
      if (!isTold && !isTokenRefused(error))
        log.warn(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      isTold = true;
      if (!mayPass(error)) return null;
      await backoff.wait(closing);
    }
  }
  return null;
}

/** The server is away, or an operator has to mend our token. */
function mayPass(error: unknown): boolean {
  return error instanceof ServerAwayError || isTokenRefused(error);
}
