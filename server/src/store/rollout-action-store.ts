import type { ActionResult, RolloutAction } from '@sluice/pipelines/rollout/rollout-state';
import type { Selectable } from 'kysely';
import type { CoreTables } from './core-schema.ts';
import type { Database, Trx } from './database.ts';

export type StoredAction = Selectable<CoreTables['rollout_actions']>;

/** The intent, before anything is done. */
export async function insertAction(
  trx: Trx,
  rolloutId: string,
  number: number,
  what: RolloutAction,
  at: number,
): Promise<void> {
  await trx
    .insertInto('rollout_actions')
    .values({
      rollout_id: rolloutId,
      number,
      what: JSON.stringify(what),
      status: 'queued',
      fence: 0,
      created_at: at,
    })
    .onConflict((conflict) => conflict.columns(['rollout_id', 'number']).doNothing())
    .execute();
}

export async function lockAction(
  trx: Trx,
  rolloutId: string,
  number: number,
): Promise<StoredAction | undefined> {
  return trx
    .selectFrom('rollout_actions')
    .selectAll()
    .where('rollout_id', '=', rolloutId)
    .where('number', '=', number)
    .forUpdate()
    .executeTakeFirst();
}

export async function holdAction(
  trx: Trx,
  action: StoredAction,
  workerId: string,
  leaseUntil: number,
): Promise<number> {
  const fence = action.fence + 1;
  await trx
    .updateTable('rollout_actions')
    .set({ status: 'held', fence, worker_id: workerId, lease_until: leaseUntil })
    .where('rollout_id', '=', action.rollout_id)
    .where('number', '=', action.number)
    .execute();
  return fence;
}

export async function finishAction(
  trx: Trx,
  action: StoredAction,
  result: ActionResult | null,
  at: number,
): Promise<void> {
  await trx
    .updateTable('rollout_actions')
    .set({ status: 'done', result: result === null ? null : JSON.stringify(result), finished_at: at })
    .where('rollout_id', '=', action.rollout_id)
    .where('number', '=', action.number)
    .execute();
}

/** Actions that wait for a worker since before `before`, or whose worker has been silent until its lease ended. */
export async function listOpenActions(
  db: Database,
  options: { readonly before: number; readonly now: number },
): Promise<readonly Pick<StoredAction, 'rollout_id' | 'number' | 'status'>[]> {
  return db
    .selectFrom('rollout_actions')
    .select(['rollout_id', 'number', 'status'])
    .where((where) =>
      where.or([
        where.and([where('status', '=', 'queued'), where('created_at', '<', options.before)]),
        where.and([where('status', '=', 'held'), where('lease_until', '<', options.now)]),
      ]),
    )
    .orderBy('created_at')
    .execute();
}

/**
 * A worker that is alive keeps the actions that it names; null: all that it was given. One that it does not name and
 * that was given to it before `unheardSince` belonged to a process of it that died: it may be given out again.
 */
export async function extendActionLeases(
  db: Database,
  workerId: string,
  named: readonly ActionHold[] | null,
  lease: { readonly now: number; readonly until: number; readonly unheardSince: number },
): Promise<void> {
  const held = db
    .updateTable('rollout_actions')
    .where('status', '=', 'held')
    .where('worker_id', '=', workerId);
  if (named === null) {
    await held.set({ lease_until: lease.until }).execute();
    return;
  }
  for (const { rolloutId, action, fence } of named) {
    await held
      .set({ lease_until: lease.until })
      .where('rollout_id', '=', rolloutId)
      .where('number', '=', action)
      .where('fence', '=', fence)
      .execute();
  }
  // Every lease that was given or extended since then ends later than this.
  const oldest = lease.unheardSince + (lease.until - lease.now);
  await held
    .set({ lease_until: lease.now })
    .where('lease_until', '>', lease.now)
    .where('lease_until', '<', oldest)
    .execute();
}

export interface ActionHold {
  readonly rolloutId: string;
  readonly action: number;
  readonly fence: number;
}

export async function extendAllActionLeases(db: Database, until: number): Promise<void> {
  await db
    .updateTable('rollout_actions')
    .set({ lease_until: until })
    .where('status', '=', 'held')
    .where('lease_until', '<', until)
    .execute();
}

/** Gives leases that end after `latest`, because the clock was set back, another end. */
export async function shortenActionLeases(
  db: Database,
  { latest, until }: { readonly latest: number; readonly until: number },
): Promise<void> {
  await db
    .updateTable('rollout_actions')
    .set({ lease_until: until })
    .where('status', '=', 'held')
    .where('lease_until', '>', latest)
    .execute();
}

/** Actions that no worker has begun, and that another one has replaced. */
export async function dropQueuedActions(trx: Trx, rolloutId: string, at: number): Promise<void> {
  await trx
    .updateTable('rollout_actions')
    .set({ status: 'done', finished_at: at })
    .where('rollout_id', '=', rolloutId)
    .where('status', '=', 'queued')
    .execute();
}

/** Whether a worker is busy with an earlier action of the rollout. */
export async function isEarlierActionHeld(
  trx: Trx,
  rolloutId: string,
  number: number,
  now: number,
): Promise<boolean> {
  const row = await trx
    .selectFrom('rollout_actions')
    .select('number')
    .where('rollout_id', '=', rolloutId)
    .where('number', '<', number)
    .where('status', '=', 'held')
    .where('lease_until', '>=', now)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Numbers of the actions that wait for a worker. */
export async function listQueuedActions(trx: Trx, rolloutId: string): Promise<readonly number[]> {
  const rows = await trx
    .selectFrom('rollout_actions')
    .select('number')
    .where('rollout_id', '=', rolloutId)
    .where('status', '=', 'queued')
    .execute();
  return rows.map((row) => row.number);
}
