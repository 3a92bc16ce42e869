import type { ServerContext } from '../context.ts';
import type { Queues } from '../queue/queues.ts';
import { queueKinds, removeFromOutbox, takeFromOutbox, type QueueCommand } from '../store/outbox-store.ts';

const batchSize = 500;
const restMs = 1_000;

/**
 * Brings the outbox's jobs to the queues. An entry is deleted only after Redis has its job, and a job that is
 * there already is left alone, so a crash in between repeats without effect. Returns how long it may rest.
 */
export async function dispatchOutbox(
  context: Pick<ServerContext, 'db' | 'now'>,
  queues: Queues,
): Promise<number> {
  await queues.ready();
  const sent = await context.db.transaction().execute(async (trx) => {
    const entries = await takeFromOutbox<QueueCommand>(trx, queueKinds, {
      now: context.now(),
      limit: batchSize,
    });
    if (entries.length === 0) return 0;
    await queues.add(entries.map((entry) => entry.command));
    await removeFromOutbox(
      trx,
      entries.map((entry) => entry.id),
    );
    return entries.length;
  });
  return sent === batchSize ? 0 : restMs;
}
