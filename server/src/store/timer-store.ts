import type { RunEvent } from '@sluice/pipelines/run/run-state';
import type { Database, Trx } from './database.ts';

export type TimerTarget =
  | { readonly kind: 'run'; readonly runId: string; readonly event: RunEvent }
  | { readonly kind: 'rollout'; readonly rolloutId: string };

export interface Timer {
  readonly id: number;
  readonly target: TimerTarget;
}

export async function addTimer(trx: Trx, dueAt: number, target: TimerTarget): Promise<void> {
  await trx
    .insertInto('timers')
    .values({
      due_at: dueAt,
      run_id: target.kind === 'run' ? target.runId : null,
      rollout_id: target.kind === 'rollout' ? target.rolloutId : null,
      event: target.kind === 'run' ? JSON.stringify(target.event) : null,
    })
    .execute();
}

export async function listDueTimers(db: Database, now: number): Promise<readonly Timer[]> {
  const rows = await db
    .selectFrom('timers')
    .selectAll()
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(100)
    .execute();
  return rows.flatMap((row): Timer[] => {
    if (row.rollout_id !== null)
      return [{ id: row.id, target: { kind: 'rollout', rolloutId: row.rollout_id } }];
    if (row.run_id === null || row.event === null) return [];
    return [{ id: row.id, target: { kind: 'run', runId: row.run_id, event: row.event } }];
  });
}

/** When the next timer is due; null: there is none. */
export async function nextTimerAt(db: Database): Promise<number | null> {
  const row = await db.selectFrom('timers').select('due_at').orderBy('due_at').limit(1).executeTakeFirst();
  return row?.due_at ?? null;
}

/** False when another server was first. */
export async function takeTimer(trx: Trx, id: number): Promise<boolean> {
  const { numDeletedRows } = await trx.deleteFrom('timers').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}
