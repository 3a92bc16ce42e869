import type { HeldAttempts } from '@sluice/pipelines/protocol/worker-api';
import type { ServerContext } from '../context.ts';
import { extendLeasesOf, listHeldBy } from '../store/attempt-store.ts';
import { leaseMs } from './lease.ts';

/** What a worker holds whose next process has just begun, and that it is kept for it: it soon takes it up. */
export async function keepHeld(
  { db, now }: Pick<ServerContext, 'db' | 'now'>,
  workerId: string,
): Promise<HeldAttempts['attempts']> {
  await extendLeasesOf(db, workerId, now() + leaseMs);
  const held = await listHeldBy(db, workerId);
  return held.map(({ id, run_id, stage, number, fence }) => ({
    attemptId: id,
    runId: run_id,
    stage,
    attempt: number,
    fence,
  }));
}
