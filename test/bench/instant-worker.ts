// A worker that has nothing to do: takes attempts from the queue, claims each with the client that every worker has,
// and reports at once that it succeeded.
import { createHash } from 'node:crypto';
import { attemptJob, attemptQueue, defaultPool, type AttemptJob } from '@sluice/pipelines/protocol/queues';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import { createServerClient, type ServerClient } from '@sluice/worker/server-client/server-client';
import type { ServerAlone } from './server-alone.ts';

export interface InstantWorker {
  readonly close: () => Promise<void>;
}

export interface InstantWorkerOptions {
  readonly slots: number;
  /** What every stage gives; absent: nothing. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** The claim was answered: the worker has the stage. */
  readonly onClaimed?: (job: AttemptJob, claim: Claim) => void;
  /** The server has acknowledged its end. */
  readonly onFinished?: (job: AttemptJob) => void;
}

const emptyLog = createHash('sha256').digest('hex');

export function startInstantWorker(server: ServerAlone, options: InstantWorkerOptions): InstantWorker {
  const connection = new Redis(server.redisUrl, { maxRetriesPerRequest: null });
  const client = createServerClient(server.url, server.workerToken);
  const heart = startHeart(client, options.slots);
  const worker = new Worker(attemptQueue(defaultPool), (job) => take(attemptJob.parse(job.data)), {
    connection,
    concurrency: options.slots,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });

  async function take(job: AttemptJob): Promise<void> {
    const answer = await client.claim({ ...job, workerId: 'bench' });
    if (answer.kind === 'refused') return;
    options.onClaimed?.(job, answer.claim);
    const { attemptId, fence } = answer.claim;
    const end = {
      kind: 'finished',
      number: 1,
      outcome: { result: 'succeeded', outputs: options.outputs ?? {} },
      logLines: 0,
      logDigest: emptyLog,
      at: Date.now(),
    };
    const record = { number: 1, json: JSON.stringify(end), mayWait: false };
    const { signal } = new AbortController();
    const reported = await client.postRecords({ attemptId, fence }, [record], Date.now(), signal);
    if (reported.kind !== 'accepted') throw new Error(reported.message);
    options.onFinished?.(job);
  }

  return {
    close: async () => {
      clearInterval(heart);
      await worker.close();
      connection.disconnect();
    },
  };
}

/** The server hands out as many stages as its workers say they have slots. */
function startHeart(client: ServerClient, slots: number): NodeJS.Timeout {
  const beat = () =>
    client.heartbeat({ workerId: 'bench', pool: defaultPool, slots, attempts: [] }).catch(() => undefined);
  void beat();
  return setInterval(() => void beat(), 5_000);
}
