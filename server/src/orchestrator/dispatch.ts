import type { ServerContext } from '../context.ts';
import type { Queues } from '../queue/queues.ts';
import { drainOutbox, isAnythingDue, queueKinds, type QueueCommand } from '../store/outbox-store.ts';
import { grantPending } from './grant-pending.ts';

const batchSize = 500;
const restMs = 1_000;

/** Brings to the workers' queues what is theirs now. Returns how long it may rest. */
export async function dispatch(context: Pick<ServerContext, 'db' | 'now'>, queues: Queues): Promise<number> {
  await queues.ready();
  const [sent] = await Promise.all([dispatchOutbox(context, queues), grantPending(context, queues)]);
  return sent === batchSize ? 0 : restMs;
}

/**
 * Brings the outbox's jobs to the queues: actions of rollouts, which wait for no share, and attempts of older servers.
 * An entry is gone, by the commit, only after Redis has its job; a job that is there already is left alone, so a crash
 * in between repeats without effect.
 */
async function dispatchOutbox(context: Pick<ServerContext, 'db' | 'now'>, queues: Queues): Promise<number> {
  if (!(await isAnythingDue(context.db, queueKinds, context.now()))) return 0;
  return context.db.transaction().execute(async (trx) => {
    const options = { now: context.now(), limit: batchSize };
    const commands = await drainOutbox<QueueCommand>(trx, queueKinds, options);
    if (commands.length > 0) await queues.add(commands);
    return commands.length;
  });
}
