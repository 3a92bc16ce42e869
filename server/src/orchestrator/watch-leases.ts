import type { ServerContext } from '../context.ts';
import { closeServerLog, sayInLog } from '../ingest/server-log.ts';
import { extendAllLeases, listEndingLeases, lockAttempt, updateAttempt } from '../store/attempt-store.ts';
import { extendAllActionLeases } from '../store/rollout-action-store.ts';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { foldRun } from './fold-run.ts';
import { leaseMs } from './lease.ts';
import { attemptsLost } from './metrics.ts';
import { offerMs, offerPod } from './offer-pod.ts';
import { silenceWatch, watchedMs, type EndingLease } from './silence-watch.ts';
import { inUnit } from './unit.ts';

const restMs = 1_000;
/** A watcher that was away this long was not heard by workers either. */
const awayMs = 5_000;

/**
 * Takes attempts from workers that stayed away. Time in which nobody could reach us does not count: at the
 * start, after the database was away, and when its clock was set, every holder gets a full new lease.
 */
export function leaseWatcher(context: ServerContext): () => Promise<number> {
  let lastLookAt = Number.NEGATIVE_INFINITY;
  let findSilent = silenceWatch();
  return async () => {
    const now = context.now();
    if (now < lastLookAt || now - lastLookAt > awayMs) {
      findSilent = silenceWatch();
      await extendAllLeases(context.db, now + leaseMs);
      await extendAllActionLeases(context.db, now + leaseMs);
    }
    const ending = await listEndingLeases(context.db, now + watchedMs);
    for (const lease of findSilent(ending, now)) await takeFromWorker(context, lease);
    lastLookAt = context.now();
    return restMs;
  };
}

async function takeFromWorker(
  context: ServerContext,
  { id: attemptId, runId, until }: EndingLease,
): Promise<void> {
  await inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, runId);
    const attempt = await lockAttempt(unit.trx, attemptId);
    if (run === null || !isPlanned(run) || attempt === undefined) return;
    if (attempt.status !== 'held' && attempt.status !== 'queued') return;
    if (attempt.lease_until !== until) return; // heard after all
    if (attempt.status === 'held' && attempt.pods !== null)
      return await offerPod(unit, run, attempt, `worker ${attempt.worker_id} is not heard any more`);
    const silentMs = unit.at - until + leaseMs;
    const message =
      attempt.status === 'queued'
        ? `worker ${attempt.worker_id} was lost, and no other took up the pod of this stage within ${offerMs / 60_000} min: ` +
          `start one that runs pods at ${attempt.pods}, or name worker-lost in retry.on`
        : `worker ${attempt.worker_id} was not heard for ${Math.round(silentMs / 1_000)} s and lost this attempt: ` +
          'look after its host, or name worker-lost in retry.on to try again elsewhere';
    await updateAttempt(unit.trx, attempt.id, { fence: attempt.fence + 1 });
    await sayInLog(unit, attempt.id, [message]);
    await closeServerLog(unit, attempt.id, 'lost');
    const outcome =
      attempt.cancel_reason === null
        ? ({ result: 'failed', failure: { class: 'worker-lost', message, exitCode: null } } as const)
        : ({ result: 'cancelled', reason: attempt.cancel_reason } as const);
    await foldRun(unit, run, [
      { kind: 'stage-finished', stage: attempt.stage, attempt: attempt.number, outcome, at: unit.at },
    ]);
    attemptsLost.inc();
    context.log.warn({ attemptId, runId, worker: attempt.worker_id }, message);
  });
}
