import type { ServerContext } from '../context.ts';
import type { Queues } from '../queue/queues.ts';
import { countOpenAttempts, listQueuedAttempts } from '../store/attempt-store.ts';
import type { QueueCommand } from '../store/outbox-store.ts';
import { listOpenActions } from '../store/rollout-action-store.ts';
import { attemptsHeld, attemptsQueued, repairs } from './metrics.ts';

const restMs = 2_000;
/** Younger ones are still on their way through the outbox. */
const settledMs = 1_000;

type Waiting = QueueCommand & { readonly reason: string };

/**
 * Compares the database with the queues and puts back what Redis no longer has: it may be emptied at any
 * moment. Returns how long it may rest.
 */
export async function reconcileQueues(context: ServerContext, queues: Queues): Promise<number> {
  const counts = await countOpenAttempts(context.db);
  attemptsQueued.set(counts.queued);
  attemptsHeld.set(counts.held);
  await queues.ready();
  const waiting = await listWaiting(context);
  const missing = new Set(await queues.missing(waiting));
  const lost = waiting.filter((command) => missing.has(command));
  if (lost.length === 0) return restMs;
  await queues.add(lost);
  for (const { kind, job, reason } of lost) {
    repairs.inc({ reason });
    context.log.warn({ ...job, kind, reason }, 'put a job back that the queue did not have');
  }
  return restMs;
}

async function listWaiting({ db, now }: ServerContext): Promise<readonly Waiting[]> {
  const before = now() - settledMs;
  const attempts = await listQueuedAttempts(db, before);
  const actions = await listOpenActions(db, { before, now: now() });
  return [
    ...attempts.map((attempt): Waiting => ({
      kind: 'enqueue-attempt',
      job: { runId: attempt.run_id, stage: attempt.stage, attempt: attempt.number },
      reason: 'job-missing',
    })),
    ...actions.map((action): Waiting => ({
      kind: 'enqueue-action',
      job: { rolloutId: action.rollout_id, action: action.number },
      reason: action.status === 'queued' ? 'action-missing' : 'action-lease-ended',
    })),
  ];
}
