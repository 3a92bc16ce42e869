import { wholePlan } from '@sluice/pipelines/plan/whole-plan';
import type { PlannedRun } from '../store/run-store.ts';
import { listWorkersOfAttempts } from '../store/attempt-store.ts';
import type { Unit } from './unit.ts';

/** Workers remove build images after a week; a day less, so that a run which waits for a person still has its own. */
const imagesLastMs = 6 * 24 * 3_600_000;
/** A worker that is away for longer than an upgrade takes is not counted on. */
const workerAwayMs = 10 * 60_000;

/** Build stages of the run that succeeded but whose image cannot be counted on any more: stage → why. */
export async function findGoneImages(unit: Unit, run: PlannedRun): Promise<ReadonlyMap<string, string>> {
  const { plan, state } = run.content;
  const gone = new Map<string, string>();
  const builders: { readonly stage: string; readonly runId: string; readonly attempt: number }[] = [];
  for (const { id, work } of wholePlan(plan, state).stages) {
    const stage = state.stages[id];
    if (work.kind !== 'build' || stage?.status !== 'succeeded') continue;
    if (stage.finishedAt < unit.at - imagesLastMs) gone.set(id, 'its image is older than workers keep them');
    else builders.push({ stage: id, runId: stage.kept?.runId ?? run.id, attempt: stage.attempt });
  }
  for (const { stage, worker, lastSeenAt } of await listWorkersOfAttempts(unit.trx, builders)) {
    if (lastSeenAt !== null && lastSeenAt >= unit.at - workerAwayMs) continue;
    gone.set(stage, `worker ${worker ?? 'unknown'}, which has its image, is away`);
  }
  return gone;
}
