import { lockEnvironment } from '../store/environment-store.ts';
import { listOpenRollouts, lockRollout, saveRollout, type OpenRollout } from '../store/rollout-store.ts';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { foldRollout } from './fold-rollout.ts';
import { startedEvent } from './hear-freeze.ts';
import type { Unit } from './unit.ts';
import { warnOfClusters } from './warn-of-clusters.ts';

/** Lets the newest waiting rollout of an environment begin, if none is active. */
export async function activateNextRollout(unit: Unit, environment: string): Promise<void> {
  const candidate = nextOf(await listOpenRollouts(unit.trx, environment));
  if (candidate === null) return;
  const run = await lockRun(unit.trx, candidate.run_id);
  await lockEnvironment(unit.trx, environment);
  // Another server may have been first: look again now that nothing can change.
  if (nextOf(await listOpenRollouts(unit.trx, environment))?.id !== candidate.id) return;
  const stored = await lockRollout(unit.trx, candidate.id);
  if (run === null || !isPlanned(run) || stored?.status !== 'waiting') return;
  await saveRollout(unit.trx, stored.id, {
    status: 'active',
    state: stored.state,
    revision: stored.revision,
    lastEvent: stored.last_event,
    finishedAt: null,
  });
  await warnOfClusters(unit, stored);
  const started = await startedEvent(unit, run, environment);
  await foldRollout(unit, { run, stored: { ...stored, status: 'active' } }, [started]);
}

function nextOf(open: readonly OpenRollout[]): OpenRollout | null {
  if (open.some((rollout) => rollout.status === 'active')) return null;
  return open[0] ?? null;
}
