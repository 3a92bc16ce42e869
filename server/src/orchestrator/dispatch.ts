import type { ServerContext } from '../context.ts';
import type { Queues } from '../queue/queues.ts';
import { drainOutbox, queueKinds, type QueueCommand } from '../store/outbox-store.ts';

const batchSize = 500;
const restMs = 1_000;

/**
 * Brings the outbox's jobs to the queues. An entry is gone, by the commit, only after Redis has its job; a job that is
 * there already is left alone, so a crash in between repeats without effect. Returns how long it may rest.
 */
export async function dispatchOutbox(
  context: Pick<ServerContext, 'db' | 'now'>,
  queues: Queues,
): Promise<number> {
  await queues.ready();
  const sent = await context.db.transaction().execute(async (trx) => {
    const options = { now: context.now(), limit: batchSize };
    const commands = await drainOutbox<QueueCommand>(trx, queueKinds, options);
    if (commands.length > 0) await queues.add(commands);
    return commands.length;
  });
  return sent === batchSize ? 0 : restMs;
}
