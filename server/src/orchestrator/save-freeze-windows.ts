import type { FreezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { saveFreeze } from '../store/environment-store.ts';
import { addToOutbox } from '../store/outbox-store.ts';
import { inUnit } from './unit.ts';

/** Sets when an environment is frozen; a rollout under way there hears of it. False: there is no such environment. */
export async function saveFreezeWindows(
  context: ServerContext,
  name: string,
  freeze: FreezeRules,
  { user: who, from }: { readonly user: string; readonly from: string | null },
): Promise<boolean> {
  return inUnit(context, async ({ trx, at, tell }) => {
    if (!(await saveFreeze(trx, { name, freeze, at }))) return false;
    await recordAudit(trx, { who, what: 'freeze-windows-saved', target: name, detail: freeze, at, from });
    await addToOutbox(trx, [{ kind: 'freeze-changed', environment: name }], at);
    tell({ kind: 'outbox' });
    return true;
  });
}
