import type { LedStanding } from '@sluice/pipelines/rollout/fleet/steering-fleet';
import type { Rollout, RolloutEvent } from '@sluice/pipelines/rollout/rollout-state';
import { sql, type Selectable } from 'kysely';
import type { CoreTables } from './core-schema.ts';
import type { Database, Trx } from './database.ts';

export type StoredRollout = Selectable<CoreTables['rollouts']>;

export interface NewRollout {
  readonly id: string;
  readonly runId: string;
  readonly stage: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly environment: string;
  readonly status: 'waiting' | 'active';
  readonly state: Rollout;
  readonly at: number;
  /** Absent: it is led by none. */
  readonly led?: ClusterPlace;
}

/** One of the rollouts that a rollout over several clusters leads. */
export interface ClusterPlace {
  readonly parentId: string;
  readonly cluster: string;
  readonly round: number;
}

export async function insertRollout(trx: Trx, rollout: NewRollout): Promise<void> {
  await trx
    .insertInto('rollouts')
    .values({
      id: rollout.id,
      run_id: rollout.runId,
      stage: rollout.stage,
      attempt: rollout.attempt,
      attempt_id: rollout.attemptId,
      environment: rollout.environment,
      status: rollout.status,
      phase: rollout.state.phase.name,
      state: JSON.stringify(rollout.state),
      revision: 1,
      last_event: 0,
      created_at: rollout.at,
      parent_id: rollout.led?.parentId ?? null,
      cluster: rollout.led?.cluster ?? null,
      round: rollout.led?.round ?? null,
    })
    .execute();
}

export async function findRollout(db: Database, id: string): Promise<StoredRollout | undefined> {
  return db.selectFrom('rollouts').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findRolloutRevision(
  db: Database,
  id: string,
): Promise<{ readonly runId: string; readonly revision: number } | null> {
  const row = await db
    .selectFrom('rollouts')
    .select(['run_id as runId', 'revision'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

export async function lockRollout(trx: Trx, id: string): Promise<StoredRollout | undefined> {
  return trx.selectFrom('rollouts').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

export async function findRolloutOfStage(
  db: Database,
  key: { readonly runId: string; readonly stage: string; readonly attempt: number },
): Promise<StoredRollout | undefined> {
  return db
    .selectFrom('rollouts')
    .selectAll()
    .where('run_id', '=', key.runId)
    .where('stage', '=', key.stage)
    .where('attempt', '=', key.attempt)
    .where('parent_id', 'is', null)
    .executeTakeFirst();
}

export async function findClusterRollout(
  db: Database,
  { parentId, cluster, round }: ClusterPlace,
): Promise<StoredRollout | undefined> {
  return db
    .selectFrom('rollouts')
    .selectAll()
    .where('parent_id', '=', parentId)
    .where('cluster', '=', cluster)
    .where('round', '=', round)
    .executeTakeFirst();
}

/** All that a rollout leads or has led, in the order in which they began. */
export async function listClusterRollouts(
  db: Database,
  parentId: string,
): Promise<readonly Pick<StoredRollout, 'id' | 'cluster' | 'round' | 'phase' | 'status' | 'revision'>[]> {
  return db
    .selectFrom('rollouts')
    .select(['id', 'cluster', 'round', 'phase', 'status', 'revision'])
    .where('parent_id', '=', parentId)
    .orderBy('created_at')
    .orderBy('round')
    .execute();
}

/** How far the rollouts have come that this one leads now, without those that put something back. */
export async function listLedStandings(db: Database, parentId: string): Promise<readonly LedStanding[]> {
  const rows = await db
    .selectFrom('rollouts')
    .select(['cluster', sql<LedStanding['phase']>`state->'phase'`.as('standing')])
    .select(sql<number>`(state->>'step')::int`.as('step'))
    .where('parent_id', '=', parentId)
    .where('status', '=', 'active')
    .where('round', '=', 0)
    .orderBy('created_at')
    .execute();
  return rows.map(({ cluster, standing, step }) => ({ cluster: cluster ?? '', phase: standing, step }));
}

/** Of one environment: the rollout under way, and those of single clusters that it leads. */
export async function listActiveRollouts(db: Database, environment: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('rollouts')
    .select('id')
    .where('environment', '=', environment)
    .where('status', '=', 'active')
    .orderBy('created_at')
    .execute();
  return rows.map(({ id }) => id);
}

export interface OpenRollout {
  readonly id: string;
  readonly run_id: string;
  readonly status: StoredRollout['status'];
  readonly runNumber: number;
}

/** The rollout under way and those that wait for it, with the numbers of their runs; the newest run first. */
export async function listOpenRollouts(db: Database, environment: string): Promise<readonly OpenRollout[]> {
  return db
    .selectFrom('rollouts')
    .innerJoin('runs', 'runs.id', 'rollouts.run_id')
    .select(['rollouts.id', 'rollouts.run_id', 'rollouts.status', 'runs.number as runNumber'])
    .where('rollouts.environment', '=', environment)
    .where('rollouts.status', 'in', ['waiting', 'active'])
    .where('rollouts.parent_id', 'is', null)
    .orderBy('runs.number', 'desc')
    .orderBy('rollouts.attempt', 'desc')
    .execute();
}

export async function saveRollout(
  trx: Trx,
  id: string,
  saved: {
    readonly status: StoredRollout['status'];
    readonly state: Rollout;
    readonly revision: number;
    readonly lastEvent: number;
    readonly finishedAt: number | null;
  },
): Promise<void> {
  await trx
    .updateTable('rollouts')
    .set({
      status: saved.status,
      phase: saved.state.phase.name,
      state: JSON.stringify(saved.state),
      revision: saved.revision,
      last_event: saved.lastEvent,
      finished_at: saved.finishedAt,
    })
    .where('id', '=', id)
    .execute();
}

export async function appendEvidence(
  trx: Trx,
  rolloutId: string,
  seq: number,
  event: RolloutEvent,
  weightPercent: number,
): Promise<void> {
  await trx
    .insertInto('rollout_events')
    .values({
      rollout_id: rolloutId,
      seq,
      event: JSON.stringify(event),
      weight_percent: weightPercent,
      at: event.at,
    })
    .execute();
}

export async function listEvidence(
  db: Database,
  rolloutId: string,
): Promise<readonly Pick<Selectable<CoreTables['rollout_events']>, 'event' | 'weight_percent'>[]> {
  return db
    .selectFrom('rollout_events')
    .select(['event', 'weight_percent'])
    .where('rollout_id', '=', rolloutId)
    .orderBy('seq')
    .execute();
}

type RolloutPhaseRow = Pick<StoredRollout, 'id' | 'run_id' | 'stage' | 'attempt' | 'phase' | 'parent_id'>;

/** Oldest first; of those that another one leads, only those under way. */
export async function phasesOfRun(db: Database, runId: string): Promise<readonly RolloutPhaseRow[]> {
  return phasesOfRuns(db, [runId]);
}

export async function phasesOfRuns(
  db: Database,
  runIds: readonly string[],
): Promise<readonly RolloutPhaseRow[]> {
  if (runIds.length === 0) return [];
  return db
    .selectFrom('rollouts')
    .select(['id', 'run_id', 'stage', 'attempt', 'phase', 'parent_id'])
    .where('run_id', 'in', [...runIds])
    .where((where) => where.or([where('parent_id', 'is', null), where('status', '=', 'active')]))
    .orderBy('attempt')
    .execute();
}

export async function listFrozenRollouts(
  db: Database,
  runId: string,
): Promise<readonly Pick<StoredRollout, 'stage' | 'environment' | 'state'>[]> {
  return db
    .selectFrom('rollouts')
    .select(['stage', 'environment', 'state'])
    .where('run_id', '=', runId)
    .where('status', '=', 'active')
    .where('phase', '=', 'frozen')
    .execute();
}
