// The line of stages that wait for a worker, as the scheduler sees it: cheap to read, however long the line is.
import { sql } from 'kysely';
import type { Database } from './database.ts';

export interface LineFacts {
  readonly pools: readonly PoolFacts[];
  /** Slots in use by a project, in all pools together. */
  readonly inUse: ReadonlyMap<string, number>;
  readonly limits: ReadonlyMap<string, ProjectLimits>;
  /** Of the workers that were heard lately, also of pools that nothing waits for. */
  readonly slots: ReadonlyMap<string, number>;
  readonly inUseByPool: ReadonlyMap<string, number>;
}

/** A pool that something waits for. */
export interface PoolFacts {
  readonly pool: string;
  /** Of the workers that were heard lately. */
  readonly slots: number;
  readonly inUse: number;
  readonly virtualTime: number;
  /** Those with something pending here. */
  readonly projects: readonly {
    readonly project: string;
    readonly inUse: number;
    readonly startTag: number;
    readonly grants: number;
  }[];
}

export interface ProjectLimits {
  readonly weight: number;
  readonly maxRunningStages: number | null;
}

interface Row {
  readonly waiting: readonly { readonly pool: string; readonly project: string }[];
  readonly slots: readonly { readonly pool: string; readonly slots: number }[];
  readonly used: readonly { readonly pool: string; readonly project: string; readonly count: number }[];
  readonly shares: readonly {
    readonly pool: string;
    readonly project: string;
    readonly start_tag: number;
    readonly grants: number;
  }[];
  readonly limits: readonly {
    readonly project: string;
    readonly weight: number;
    readonly max_running_stages: number | null;
  }[];
}

/**
 * Reads who waits where and what everyone uses, in one statement. The pairs of pool and project are found by skipping
 * along the index, so ten thousand waiting stages of one project cost as much as one.
 */
export async function readLine(db: Database, seenSince: number): Promise<LineFacts> {
  const { rows } = await sql<Row>`
    with recursive waiting as (
      (select pool, project from attempts
        where status = 'queued' and granted_at is null and pool is not null
        order by pool, project limit 1)
      union all
      select next.pool, next.project from waiting cross join lateral (
        select pool, project from attempts
        where status = 'queued' and granted_at is null and pool is not null
          and (pool, project) > (waiting.pool, waiting.project)
        order by pool, project limit 1) next
    )
    select
      (select coalesce(json_agg(waiting), '[]') from waiting) as waiting,
      (select coalesce(json_agg(each), '[]') from (
        select pool, sum(slots)::int as slots from workers where last_seen_at >= ${seenSince} group by pool
      ) each) as slots,
      (select coalesce(json_agg(each), '[]') from (
        select pool, project, count(*)::int as count from attempts
        where (status = 'held' or (status = 'queued' and granted_at is not null)) and pool is not null
        group by pool, project
      ) each) as used,
      (select coalesce(json_agg(each), '[]') from (
        select pool, project, start_tag, grants from fair_shares
      ) each) as shares,
      (select coalesce(json_agg(each), '[]') from (
        select project, weight, max_running_stages from project_limits
      ) each) as limits
  `.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the line gave no row');
  return factsOf(row);
}

function factsOf({ waiting, slots, used, shares, limits }: Row): LineFacts {
  const inUse = new Map<string, number>();
  for (const { project, count } of used) inUse.set(project, (inUse.get(project) ?? 0) + count);
  const names = [...new Set(waiting.map(({ pool }) => pool))];
  const pools = names.map((pool): PoolFacts => {
    const usedHere = used.filter((each) => each.pool === pool);
    const sharesHere = new Map(
      shares.filter((each) => each.pool === pool).map((each) => [each.project, each]),
    );
    return {
      pool,
      slots: slots.find((each) => each.pool === pool)?.slots ?? 0,
      inUse: usedHere.reduce((sum, { count }) => sum + count, 0),
      virtualTime: Math.max(0, ...[...sharesHere.values()].map((share) => share.start_tag)),
      projects: waiting
        .filter((each) => each.pool === pool)
        .map(({ project }) => ({
          project,
          inUse: usedHere.find((each) => each.project === project)?.count ?? 0,
          startTag: sharesHere.get(project)?.start_tag ?? 0,
          grants: sharesHere.get(project)?.grants ?? 0,
        })),
    };
  });
  const inUseByPool = new Map<string, number>();
  for (const { pool, count } of used) inUseByPool.set(pool, (inUseByPool.get(pool) ?? 0) + count);
  return {
    pools,
    inUse,
    inUseByPool,
    slots: new Map(slots.map((each) => [each.pool, each.slots])),
    limits: new Map(
      limits.map(({ project, weight, max_running_stages }) => [
        project,
        { weight, maxRunningStages: max_running_stages },
      ]),
    ),
  };
}
