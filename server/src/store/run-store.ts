import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import { completeStage } from '@sluice/pipelines/plan/complete-stage';
import type { Plan } from '@sluice/pipelines/plan/plan';
import type { RerunOf, RunSummary } from '@sluice/pipelines/protocol/api';
import type { RunState } from '@sluice/pipelines/run/run-state';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import { sql, type Selectable } from 'kysely';
import type { CoreTables } from './core-schema.ts';
import type { Database, Trx } from './database.ts';
import { recallFrame, rememberFrame, type RunFrame } from './run-frames.ts';
import { searchConditions } from './run-search.ts';

export interface Run {
  readonly id: string;
  readonly number: number;
  readonly project: string;
  readonly repositoryId: string;
  readonly repository: string;
  readonly pipeline: string;
  readonly trigger: Trigger;
  readonly content: RunContent;
  readonly status: RunSummary['status'];
  readonly revision: number;
  readonly lastEvent: number;
  /** The release that this run puts back; null for every other run. */
  readonly restoresReleaseId: string | null;
  readonly rerun: RerunOf | null;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

export type RunContent =
  | {
      readonly kind: 'planned';
      readonly plan: Plan;
      readonly state: RunState;
      /** Warnings of its file; absent where it was not read for this run. */
      readonly diagnostics?: readonly Diagnostic[];
    }
  | { readonly kind: 'broken'; readonly diagnostics: readonly Diagnostic[] };

/** A run whose pipeline file could be read; only such a run has events. */
export type PlannedRun = Run & { readonly content: Extract<RunContent, { readonly kind: 'planned' }> };

export const isPlanned = (run: Run): run is PlannedRun => run.content.kind === 'planned';

export interface RunToInsert {
  readonly id: string;
  readonly project: string;
  readonly repositoryId: string;
  readonly pipeline: string;
  readonly trigger: Trigger;
  readonly content: RunContent;
  readonly deliveryId: string | null;
  readonly restoresReleaseId: string | null;
  readonly rerun: RerunOf | null;
  readonly at: number;
}

/** Null when the same delivery has already started this pipeline. */
export async function insertRun(trx: Trx, run: RunToInsert): Promise<Run | null> {
  const { content, trigger } = run;
  const isBroken = content.kind === 'broken';
  const repository = trigger.repository;
  const status = isBroken ? 'failed' : 'running';
  const finishedAt = isBroken ? run.at : null;
  const row = await trx
    .insertInto('runs')
    .values({
      id: run.id,
      project: run.project,
      repository_id: run.repositoryId,
      repository,
      pipeline: run.pipeline,
      event: trigger.event,
      ref: trigger.event === 'tag' ? trigger.tag : trigger.branch,
      commit_sha: trigger.commit.sha,
      commit_message: trigger.commit.message,
      commit_author: trigger.commit.author,
      actor: trigger.actor,
      trigger: JSON.stringify(trigger),
      plan: isBroken ? null : JSON.stringify(content.plan),
      state: isBroken ? null : JSON.stringify(content.state),
      diagnostics: JSON.stringify(content.diagnostics ?? []),
      status,
      revision: 1,
      last_event: 0,
      delivery_id: run.deliveryId,
      restores_release_id: run.restoresReleaseId,
      rerun_of: run.rerun?.runId ?? null,
      rerun: run.rerun === null ? null : JSON.stringify(run.rerun),
      created_at: run.at,
      updated_at: run.at,
      finished_at: finishedAt,
    })
    .onConflict((conflict) =>
      conflict.columns(['delivery_id', 'pipeline']).where('delivery_id', 'is not', null).doNothing(),
    )
    .returning('number')
    .executeTakeFirst();
  if (row === undefined) return null;
  const { id, project, repositoryId, pipeline, restoresReleaseId, rerun, at: createdAt } = run;
  if (content.kind === 'planned') rememberFrame(id, { project, repositoryId, plan: content.plan });
  const given = {
    id,
    project,
    repositoryId,
    repository,
    pipeline,
    trigger,
    content,
    restoresReleaseId,
    rerun,
  };
  return { ...given, number: row.number, status, revision: 1, lastEvent: 0, createdAt, finishedAt };
}

export async function findRunOfDelivery(
  db: Database,
  deliveryId: string,
  pipeline: string,
): Promise<{ readonly id: string } | undefined> {
  return db
    .selectFrom('runs')
    .select('id')
    .where('delivery_id', '=', deliveryId)
    .where('pipeline', '=', pipeline)
    .executeTakeFirst();
}

export async function findRun(db: Database, id: string): Promise<Run | null> {
  const row = await db.selectFrom('runs').select(small).where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : runOf({ ...row, plan: await planOf(db, row) });
}

export async function findRuns(db: Database, ids: readonly string[]): Promise<readonly Run[]> {
  if (ids.length === 0) return [];
  return withPlans(
    db,
    await db
      .selectFrom('runs')
      .select(small)
      .where(sql<boolean>`id = any(${ids}::uuid[])`)
      .execute(),
  );
}

/** Runs that repeat this one, oldest first. */
export async function listReruns(
  db: Database,
  runId: string,
): Promise<readonly { readonly id: string; readonly number: number; readonly rerun: RerunOf | null }[]> {
  return db
    .selectFrom('runs')
    .select(['id', 'number', 'rerun'])
    .where('rerun_of', '=', runId)
    .orderBy('number')
    .execute();
}

export async function findRunRevision(db: Database, id: string): Promise<number | null> {
  const row = await db.selectFrom('runs').select('revision').where('id', '=', id).executeTakeFirst();
  return row?.revision ?? null;
}

/** Nobody else changes the run until the transaction ends. Always locked before anything that belongs to it. */
export async function lockRun(trx: Trx, id: string): Promise<Run | null> {
  const row = await trx.selectFrom('runs').select(small).where('id', '=', id).forUpdate().executeTakeFirst();
  return row === undefined ? null : runOf({ ...row, plan: await planOf(trx, row) });
}

/**
 * Several at once, each as `lockRun` does. Those that somebody else holds are left out, so that nobody who holds one
 * waits here for another.
 */
export async function lockFreeRuns(trx: Trx, ids: readonly string[]): Promise<readonly Run[]> {
  const rows = await trx
    .selectFrom('runs')
    .select(small)
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .forUpdate()
    .skipLocked()
    .execute();
  return withPlans(trx, rows);
}

/** Something about the run changed that is not in its state, such as a rollout's phase. */
export async function touchRun(trx: Trx, run: Run, status: Run['status'], at: number): Promise<void> {
  await trx
    .updateTable('runs')
    .set({ status, revision: run.revision + 1, updated_at: at })
    .where('id', '=', run.id)
    .execute();
}

/** The same where the run is not at hand; locks its row. */
export async function bumpRun(trx: Trx, id: string, at: number): Promise<void> {
  await trx
    .updateTable('runs')
    .set((set) => ({ revision: set('revision', '+', 1), updated_at: at }))
    .where('id', '=', id)
    .execute();
}

export interface RunFilter {
  readonly project: string | null;
  readonly status: Run['status'] | null;
  readonly branch: string | null;
  readonly pipeline: string | null;
  /** Words that a person typed; empty: all runs. */
  readonly search: string;
  /** Number of the last run of the page before. */
  readonly before: number | null;
  readonly limit: number;
}

/** Newest first. */
export async function listRuns(db: Database, filter: RunFilter): Promise<readonly Run[]> {
  return withPlans(db, await runsOf(db, filter).execute());
}

/** The query of `listRuns`: every filter has an index that gives its rows in the list's order. */
export function runsOf(db: Database, filter: RunFilter) {
  let query = db.selectFrom('runs').select(small).orderBy('number', 'desc').limit(filter.limit);
  if (filter.project !== null) query = query.where('project', '=', filter.project);
  if (filter.status !== null) query = query.where('status', '=', filter.status);
  if (filter.branch !== null) query = query.where('ref', '=', filter.branch);
  if (filter.pipeline !== null) query = query.where('pipeline', '=', filter.pipeline);
  if (filter.before !== null) query = query.where('number', '<', filter.before);
  for (const condition of searchConditions(filter.search)) query = query.where(condition);
  return query;
}

/** Ids and revisions of the runs that changed at or after `since`. */
export async function listChangedRuns(
  db: Database,
  since: number,
): Promise<readonly { readonly id: string; readonly revision: number; readonly updated_at: number }[]> {
  return db
    .selectFrom('runs')
    .select(['id', 'revision', 'updated_at'])
    .where('updated_at', '>=', since)
    .orderBy('updated_at')
    .limit(1_000)
    .execute();
}

type Row = Selectable<CoreTables['runs']>;

/** All columns that a run is made of but its plan. */
const small = [
  'id',
  'number',
  'project',
  'repository_id',
  'repository',
  'pipeline',
  'trigger',
  'state',
  'diagnostics',
  'status',
  'revision',
  'last_event',
  'restores_release_id',
  'rerun',
  'created_at',
  'finished_at',
] as const satisfies (keyof Row)[];

type SmallRow = Pick<Row, (typeof small)[number]>;

/** A broken run has neither state nor plan. */
async function planOf(db: Database, { id, state }: Pick<Row, 'id' | 'state'>): Promise<Plan | null> {
  if (state === null) return null;
  return (await findRunFrames(db, [id])).get(id)?.plan ?? null;
}

async function withPlans(db: Database, rows: readonly SmallRow[]): Promise<readonly Run[]> {
  const frames = await findRunFrames(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => runOf({ ...row, plan: frames.get(row.id)?.plan ?? null }));
}

/** By run; those that are not remembered are read together. A run that does not exist, or whose file is broken, has none. */
export async function findRunFrames(
  db: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RunFrame>> {
  const frames = new Map<string, RunFrame>();
  const unknown: string[] = [];
  for (const id of ids) {
    const frame = recallFrame(id);
    if (frame === undefined) unknown.push(id);
    else frames.set(id, frame);
  }
  if (unknown.length === 0) return frames;
  const read = await db
    .selectFrom('runs')
    .select(['id', 'project', 'repository_id as repositoryId', 'plan'])
    .where(sql<boolean>`id = any(${unknown}::uuid[])`)
    .execute();
  for (const { id, project, repositoryId, plan: stored } of read) {
    if (stored === null) continue;
    const plan = { ...stored, stages: stored.stages.map(completeStage) };
    const frame = { project, repositoryId, plan };
    rememberFrame(id, frame);
    frames.set(id, frame);
  }
  return frames;
}

function runOf(row: SmallRow & Pick<Row, 'plan'>): Run {
  return {
    id: row.id,
    number: row.number,
    project: row.project,
    repositoryId: row.repository_id,
    repository: row.repository,
    pipeline: row.pipeline,
    trigger: row.trigger,
    content:
      row.plan === null || row.state === null
        ? { kind: 'broken', diagnostics: row.diagnostics }
        : { kind: 'planned', plan: row.plan, state: row.state, diagnostics: row.diagnostics },
    status: row.status,
    revision: row.revision,
    lastEvent: row.last_event,
    restoresReleaseId: row.restores_release_id,
    rerun: row.rerun,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}

/** How the run before ended, of the same pipeline and branch, where it was to succeed or fail; null: there is none. */
export async function earlierStatus(db: Database, run: Run): Promise<Run['status'] | null> {
  const { trigger } = run;
  const row = await db
    .selectFrom('runs')
    .select('status')
    .where('repository_id', '=', run.repositoryId)
    .where('pipeline', '=', run.pipeline)
    .where('ref', '=', trigger.event === 'tag' ? trigger.tag : trigger.branch)
    .where('number', '<', run.number)
    .where('status', 'in', ['succeeded', 'failed'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.status ?? null;
}
