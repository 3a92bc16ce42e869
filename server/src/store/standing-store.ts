// How attempts stand, asked by those who find things of theirs on an engine.
import type { AttemptName } from '@sluice/pipelines/protocol/orphans';
import { sql } from 'kysely';
import type { AttemptStatus } from './core-schema.ts';
import type { Database } from './database.ts';

export interface AttemptRow {
  readonly id: string;
  readonly status: AttemptStatus;
  readonly finishedAt: number | null;
  /** When what was kept of it for a shell is given up, or was; null: nothing was kept. */
  readonly heldUntil: number | null;
}

/** In the order of `names`; undefined: there is no such attempt. One query, whatever they are named by. */
export async function findStandings(
  db: Database,
  names: readonly AttemptName[],
): Promise<readonly (AttemptRow | undefined)[]> {
  if (names.length === 0) return [];
  const [ids, runs, stages, numbers] = [
    names.map((name) => ('attemptId' in name ? name.attemptId : null)),
    names.map((name) => ('runId' in name ? name.runId : null)),
    names.map((name) => ('runId' in name ? name.stage : null)),
    names.map((name) => ('runId' in name ? name.attempt : null)),
  ];
  const { rows } = await sql<AttemptRow & { readonly place: number }>`
    with named as (
      select * from unnest(${ids}::uuid[], ${runs}::uuid[], ${stages}::text[], ${numbers}::int[])
        with ordinality as named (id, run, stage, number, place)
    ), found as (
      select named.place, attempts.* from named join attempts on attempts.id = named.id
      union all
      select named.place, attempts.* from named join attempts
        on attempts.run_id = named.run and attempts.stage = named.stage and attempts.number = named.number
    )
    select found.place::int as place, found.id, found.status,
      coalesce(found.finished_at, runs.finished_at) as "finishedAt",
      coalesce(shell_holds.ended_at, shell_holds.until) as "heldUntil"
    from found join runs on runs.id = found.run_id
    left join shell_holds on shell_holds.attempt_id = found.id
  `.execute(db);
  const byPlace = new Map(rows.map((row) => [row.place, row]));
  return names.map((_, at) => byPlace.get(at + 1));
}

/** When the last rollout of each environment ended, in their order; null: one is open, or there was none. */
export async function lastRolloutEnds(
  db: Database,
  environments: readonly string[],
): Promise<readonly (number | null)[]> {
  if (environments.length === 0) return [];
  const rows = await db
    .selectFrom('rollouts')
    .select((select) => [
      'environment',
      select.fn.max('finished_at').as('endedAt'),
      sql<boolean>`bool_or(status <> 'ended')`.as('isOpen'),
    ])
    .where('environment', 'in', [...environments])
    .groupBy('environment')
    .execute();
  const ends = new Map(rows.map((row) => [row.environment, row.isOpen ? null : row.endedAt]));
  return environments.map((environment) => ends.get(environment) ?? null);
}
