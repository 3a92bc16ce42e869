import type { RolloutEvent } from '@sluice/pipelines/rollout/rollout-state';
import { noFreeze } from '@sluice/pipelines/freeze/freeze-rules';
import { findFreeze } from '../store/environment-store.ts';
import type { StepCommand } from '../store/outbox-store.ts';
import { listActiveRollouts } from '../store/rollout-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import { foldRollout, lockRolloutWithRun } from './fold-rollout.ts';
import type { Unit } from './unit.ts';

type Command = Extract<StepCommand, { readonly kind: 'freeze-changed' }>;

/** What a rollout begins with. The windows of its environment hold it, unless it puts an earlier release back. */
export async function startedEvent(
  unit: Unit,
  run: PlannedRun,
  environment: string,
): Promise<Extract<RolloutEvent, { readonly kind: 'started' }>> {
  const freeze = isRollback(run) ? null : await findFreeze(unit.trx, environment);
  return { kind: 'started', at: unit.at, ...(freeze === null ? {} : { freeze }) };
}

/** Tells the rollouts under way of the windows that their environment has now. */
export async function tellFreeze(unit: Unit, { environment }: Command): Promise<void> {
  for (const id of await listActiveRollouts(unit.trx, environment)) {
    const locked = await lockRolloutWithRun(unit, id);
    if (locked === null || isRollback(locked.run) || isPutBack(locked.stored.round)) continue;
    const freeze = (await findFreeze(unit.trx, environment)) ?? noFreeze;
    await foldRollout(unit, locked, [{ kind: 'freeze-changed', freeze, at: unit.at }]);
  }
}

/** What a cluster had before comes back in every freeze. */
const isPutBack = (round: number | null): boolean => round !== null && round > 0;

const isRollback = ({ restoresReleaseId }: PlannedRun): boolean => restoresReleaseId !== null;
