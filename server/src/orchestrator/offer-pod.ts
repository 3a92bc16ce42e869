// A pod goes on without its worker: any worker of the same cluster and namespace may have it.
import { defaultPool } from '@sluice/pipelines/protocol/queues';
import type { ServerContext } from '../context.ts';
import { sayInLog } from '../ingest/server-log.ts';
import { findAttempts, lockAttempt, updateAttempt, type Attempt } from '../store/attempt-store.ts';
import { addToOutbox } from '../store/outbox-store.ts';
import { isPlanned, lockRun, type PlannedRun } from '../store/run-store.ts';
import { inUnit, type Unit } from './unit.ts';

/** How long the pod of a worker that is gone is kept for another one. */
export const offerMs = 5 * 60_000;

/** `why`: the beginning of the sentence that stands in the stage's log. */
export async function offerPod(unit: Unit, run: PlannedRun, attempt: Attempt, why: string): Promise<void> {
  const fence = attempt.fence + 1;
  await updateAttempt(unit.trx, attempt.id, { status: 'queued', fence, lease_until: unit.at + offerMs });
  const message = `${why}; the pod of this stage goes on, and another worker takes it over`;
  await sayInLog(unit, attempt.id, [message]);
  const job = { runId: run.id, stage: attempt.stage, attempt: attempt.number };
  // The earlier worker's job may still be in the queue under the first id.
  const command = { kind: 'enqueue-attempt', job, again: fence, pool: attempt.pool ?? defaultPool } as const;
  await addToOutbox(unit.trx, [command], unit.at);
  unit.tell({ kind: 'outbox' });
}

/** Offers at once what a worker that ends has in pods. Anything else waits for its next process. */
export async function offerHandedOver(
  context: ServerContext,
  workerId: string,
  held: readonly { readonly attemptId: string; readonly fence: number }[],
): Promise<void> {
  const fences = new Map(held.map(({ attemptId, fence }) => [attemptId, fence]));
  const isTheirs = ({ id, status, fence, worker_id, pods }: Attempt): boolean =>
    status === 'held' && worker_id === workerId && fence === fences.get(id) && pods !== null;
  for (const { id, run_id } of (await findAttempts(context.db, [...fences.keys()])).filter(isTheirs)) {
    await inUnit(context, async (unit) => {
      const run = await lockRun(unit.trx, run_id);
      const attempt = await lockAttempt(unit.trx, id);
      if (run === null || !isPlanned(run) || attempt === undefined || !isTheirs(attempt)) return;
      await offerPod(unit, run, attempt, `worker ${workerId} stops`);
    });
  }
}
