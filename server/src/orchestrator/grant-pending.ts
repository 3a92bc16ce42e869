import { decideGrants, type Share } from '@sluice/pipelines/schedule/decide-grants';
import { poolRoom } from '@sluice/pipelines/schedule/pool-room';
import type { ServerContext } from '../context.ts';
import type { Queues } from '../queue/queues.ts';
import { isAnythingPending, lockLine, markGranted, readHeads, saveShares } from '../store/grant-store.ts';
import { readLine, type LineFacts, type PoolFacts } from '../store/line-store.ts';

/** A worker says every 5 s that it lives. */
export const workerSeenMs = 15_000;

/**
 * Hands the stages whose turn it is to the workers' queues, and returns how many. One server decides at a time, and
 * what it decides is stored only after Redis has the jobs: a crash in between repeats without effect.
 */
export async function grantPending(
  context: Pick<ServerContext, 'db' | 'now'>,
  queues: Queues,
): Promise<number> {
  if (!(await isAnythingPending(context.db))) return 0;
  return context.db.transaction().execute(async (trx) => {
    await lockLine(trx);
    const now = context.now();
    const facts = await readLine(trx, now - workerSeenMs);
    const pools = facts.pools.flatMap((pool) => {
      const room = poolRoom(pool.slots, pool.inUse);
      return room > 0 ? [{ ...pool, room, shares: sharesOf(pool, facts) }] : [];
    });
    const pending = await readHeads(trx, pools);
    const decided = pools.map((pool) => {
      const own = pending.filter((attempt) => attempt.pool === pool.pool);
      return { pool: pool.pool, ...decideGrants({ ...pool, pending: own }) };
    });
    const ids = decided.flatMap(({ granted }) => granted.map(({ id }) => id));
    if (ids.length === 0) return 0;
    const granted = await markGranted(trx, ids, now);
    await saveShares(trx, decided);
    await queues.add(granted.map(({ pool, ...job }) => ({ kind: 'enqueue-attempt', job, pool })));
    return granted.length;
  });
}

/** Of every project that has something pending in the pool. */
export function sharesOf(pool: PoolFacts, facts: LineFacts): readonly Share[] {
  return pool.projects.map((project): Share => {
    const limits = facts.limits.get(project.project);
    const most = limits?.maxRunningStages ?? null;
    return {
      project: project.project,
      weight: limits?.weight ?? 1,
      inUse: project.inUse,
      roomInQuota: most === null ? null : Math.max(0, most - (facts.inUse.get(project.project) ?? 0)),
      startTag: project.startTag,
      grants: project.grants,
    };
  });
}
