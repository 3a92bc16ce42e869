import { mayBreakGlass } from '@sluice/pipelines/freeze/may-break-glass';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { foldRollout, lockRolloutWithRun } from './fold-rollout.ts';
import { sayInRollout } from './say-in-rollout.ts';
import { inUnit } from './unit.ts';

export interface GlassProblem {
  readonly reason: 'unknown-rollout' | 'not-frozen' | 'may-not-break-glass';
  readonly message: string;
}

/** A person lets one rollout go on in spite of a freeze: decided, said and audited together or not at all. */
export async function breakGlass(
  context: ServerContext,
  rolloutId: string,
  { user: by, from }: { readonly user: string; readonly from: string | null },
  reason: string,
): Promise<Result<null, GlassProblem>> {
  return inUnit(context, async (unit): Promise<Result<null, GlassProblem>> => {
    const locked = await lockRolloutWithRun(unit, rolloutId);
    if (locked === null) return err({ reason: 'unknown-rollout', message: 'There is no such rollout.' });
    const { run, stored } = locked;
    const { phase, freeze } = stored.state;
    if (stored.status !== 'active' || phase.name !== 'frozen' || freeze === undefined) {
      const message = `No freeze holds the rollout now: it is ${stored.status === 'waiting' ? 'waiting' : phase.name}.`;
      return err({ reason: 'not-frozen', message });
    }
    // Everyone who may come in is an administrator today.
    const allowed = mayBreakGlass(freeze, { name: by, roles: ['admin'] });
    if (!allowed.ok) return err({ reason: 'may-not-break-glass', message: allowed.error });
    const { environment } = stored;
    const detail = { run: run.number, environment, window: phase.window, until: phase.until, reason };
    const what = 'freeze-glass-broken';
    await recordAudit(unit.trx, { who: by, what, target: rolloutId, detail, at: unit.at, from });
    await sayInRollout(unit, stored, [`${by} breaks the glass: ${reason}`]);
    await foldRollout(unit, locked, [{ kind: 'glass-broken', by, reason, at: unit.at }]);
    return ok(null);
  });
}
