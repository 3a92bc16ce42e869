import type { RolloutEvent } from '@sluice/pipelines/rollout/rollout-state';
import { noFreeze } from '@sluice/pipelines/freeze/freeze-rules';
import { findFreeze } from '../store/environment-store.ts';
import type { StepCommand } from '../store/outbox-store.ts';
import { listOpenRollouts } from '../store/rollout-store.ts';
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

/** Tells the rollout under way of the windows that its environment has now. */
export async function tellFreeze(unit: Unit, { environment }: Command): Promise<void> {
  const open = await listOpenRollouts(unit.trx, environment);
  const active = open.find(({ status }) => status === 'active');
  const locked = active === undefined ? null : await lockRolloutWithRun(unit, active.id);
  if (locked === null || isRollback(locked.run)) return;
  const freeze = (await findFreeze(unit.trx, environment)) ?? noFreeze;
  await foldRollout(unit, locked, [{ kind: 'freeze-changed', freeze, at: unit.at }]);
}

const isRollback = ({ restoresReleaseId }: PlannedRun): boolean => restoresReleaseId !== null;
