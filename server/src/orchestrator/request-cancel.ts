import type { ServerContext } from '../context.ts';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { foldRun } from './fold-run.ts';
import { inUnit } from './unit.ts';

/** False when there is no such run. A run that has ended stays as it is. */
export async function requestCancel(
  context: ServerContext,
  runId: string,
  by: string,
  reason: string,
): Promise<boolean> {
  return inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, runId);
    if (run === null) return false;
    if (isPlanned(run)) await foldRun(unit, run, [{ kind: 'cancel-requested', by, reason, at: unit.at }]);
    return true;
  });
}
