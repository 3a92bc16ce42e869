import type { StepCommand } from '../store/outbox-store.ts';
import { saveRollout } from '../store/rollout-store.ts';
import { endRollout } from './end-rollout.ts';
import { foldRollout, lockRolloutWithRun, type LockedRollout } from './fold-rollout.ts';
import { sayInRollout } from './say-in-rollout.ts';
import type { Unit } from './unit.ts';

type Command = Extract<StepCommand, { readonly kind: 'abort-rollout' }>;

/** Ends a rollout that another one supersedes: rolls back what it has done, or never begins. */
export async function abortRollout(unit: Unit, { rolloutId, by, reason }: Command): Promise<void> {
  const locked = await lockRolloutWithRun(unit, rolloutId);
  if (locked !== null) await abortLockedRollout(unit, locked, by, reason);
}

/** The same for a rollout that this transaction has locked; the stage ends as cancelled. */
export async function abortLockedRollout(
  unit: Unit,
  locked: LockedRollout,
  by: string,
  reason: string,
): Promise<void> {
  const { run, stored } = locked;
  switch (stored.status) {
    case 'active':
      await sayInRollout(unit, stored, [`${by} asks to roll back: ${reason}`]);
      await foldRollout(unit, locked, [
        { kind: 'abort-requested', by, reason, cancelled: true, at: unit.at },
      ]);
      break;
    case 'waiting': {
      const state = { ...stored.state, phase: { name: 'refused', at: unit.at, reason } } as const;
      await saveRollout(unit.trx, stored.id, {
        status: 'ended',
        state,
        revision: stored.revision + 1,
        lastEvent: stored.last_event,
        finishedAt: unit.at,
      });
      await endRollout(unit, run, { ...stored, state }, { result: 'cancelled', reason });
      break;
    }
    case 'ended':
      break;
  }
}
