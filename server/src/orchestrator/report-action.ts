import type { ActionReport } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { addToOutbox } from '../store/outbox-store.ts';
import { finishAction, listQueuedActions, lockAction } from '../store/rollout-action-store.ts';
import { foldRollout, lockForEvents } from './fold-rollout.ts';
import { sayInRollout } from './say-in-rollout.ts';
import { inUnit, type Unit } from './unit.ts';

/** Stores what an action did and decides what comes next. The same report again changes nothing. */
export async function reportAction(
  context: ServerContext,
  rolloutId: string,
  number: number,
  report: ActionReport,
): Promise<Result<null, { readonly reason: 'stale-fence'; readonly message: string }>> {
  return inUnit(context, async (unit) => {
    const finished = { kind: 'action-finished', action: number, result: report.result, at: unit.at } as const;
    const locked = await lockForEvents(unit, rolloutId, [finished]);
    const action = await lockAction(unit.trx, rolloutId, number);
    if (
      locked === null ||
      action === undefined ||
      action.fence !== report.fence ||
      action.status === 'queued'
    ) {
      const message = `action ${number} of rollout ${rolloutId} is no longer held with fence ${report.fence}`;
      return err({ reason: 'stale-fence', message });
    }
    if (action.status === 'done') return ok(null);
    await finishAction(unit.trx, action, report.result, unit.at);
    if (locked.stored.status === 'active') await sayInRollout(unit, locked.stored, report.lines);
    await foldRollout(unit, locked, [finished]);
    await callWaitingActions(unit, rolloutId);
    return ok(null);
  });
}

/** A later action was refused while this one was under way, and its job is gone: call a worker again. */
async function callWaitingActions(unit: Unit, rolloutId: string): Promise<void> {
  const waiting = await listQueuedActions(unit.trx, rolloutId);
  const commands = waiting.map((action) => ({ kind: 'enqueue-action', job: { rolloutId, action } }) as const);
  await addToOutbox(unit.trx, commands, unit.at);
  if (commands.length > 0) unit.tell({ kind: 'outbox' });
}
