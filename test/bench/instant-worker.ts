// A worker that has nothing to do: takes attempts from the queue, claims each over HTTP as every worker does, and
// reports at once that it succeeded.
import { createHash } from 'node:crypto';
import { attemptJob, attemptQueue, defaultPool, type AttemptJob } from '@sluice/pipelines/protocol/queues';
import type { ClaimAnswer, RecordBatch } from '@sluice/pipelines/protocol/worker-api';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { ServerAlone } from './server-alone.ts';

export interface InstantWorker {
  readonly close: () => Promise<void>;
}

export interface InstantWorkerOptions {
  readonly slots: number;
  /** The claim was answered: the worker has the stage. */
  readonly onClaimed?: (job: AttemptJob) => void;
  /** The server has acknowledged its end. */
  readonly onFinished?: (job: AttemptJob) => void;
}

const emptyLog = createHash('sha256').digest('hex');

export function startInstantWorker(server: ServerAlone, options: InstantWorkerOptions): InstantWorker {
  const connection = new Redis(server.redisUrl, { maxRetriesPerRequest: null });
  const worker = new Worker(attemptQueue(defaultPool), (job) => take(attemptJob.parse(job.data)), {
    connection,
    concurrency: options.slots,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });

  async function take(job: AttemptJob): Promise<void> {
    const answer = (await post('/worker/claims', { ...job, workerId: 'bench' })) as ClaimAnswer;
    if (answer.kind === 'refused') return;
    options.onClaimed?.(job);
    const { attemptId, fence } = answer.claim;
    const batch: RecordBatch = {
      fence,
      records: [
        {
          kind: 'finished',
          number: 1,
          outcome: { result: 'succeeded', outputs: {} },
          logLines: 0,
          logDigest: emptyLog,
          at: Date.now(),
        },
      ],
    };
    await post(`/worker/attempts/${attemptId}/records`, batch);
    options.onFinished?.(job);
  }

  async function post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.workerToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  return {
    close: async () => {
      await worker.close();
      connection.disconnect();
    },
  };
}
