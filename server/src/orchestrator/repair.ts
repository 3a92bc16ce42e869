import type { ServerContext } from '../context.ts';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { foldRun } from './fold-run.ts';
import { repairs } from './metrics.ts';
import { inUnit } from './unit.ts';

/** Every kind, with what was found and put right, in words that follow the stage's reason. */
export const repairKinds = {
  'job-missing': 'the queue had lost it, and it was put back',
  'never-claimed': 'a worker took it and did not claim it, so it is offered again',
  'action-missing': 'the queue had lost an action of its rollout, and it was put back',
  'action-lease-ended': 'the worker of an action of its rollout was not heard, so it is offered again',
  'attempt-of-older-server': 'an older server made it, and it now counts for its project',
  'attempt-missing': 'its attempt was gone, and was made again',
  'timer-missing': 'its timer was gone, and was set again',
  'search-missing': 'the look for a run with the same inputs was gone, and was put back',
  'rollout-missing': 'its rollout had not been started, and is started now',
  'rollout-timer-missing': 'the timer of its rollout was gone, and was set again',
  'turn-missing': 'its turn had come and nobody had given it',
  'turn-of-ended-run': 'a run that had ended still had its place in a concurrency group',
  'lease-missing': 'its worker had it without a lease, and has one now',
  'lease-too-long': 'its lease ended far in the future, and was shortened',
  'orphan-removed': 'something of it was left on an engine, and was removed',
} as const satisfies Record<string, string>;
export type RepairKind = keyof typeof repairKinds;

export interface Repair {
  readonly kind: RepairKind;
  /** Null where it concerns no run. */
  readonly runId: string | null;
  readonly stage: string | null;
  /** What exactly was found, where the kind alone does not say it. */
  readonly message?: string;
}

/** Tells what was put right: counted, in the server's log, and among the run's events. */
export async function tellRepair(context: ServerContext, repair: Repair): Promise<void> {
  const { kind, runId, stage, message = repairKinds[kind] } = repair;
  repairs.inc({ kind });
  context.log.warn({ repair: kind, runId, stage }, message);
  if (runId === null) return;
  await inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, runId);
    if (run === null || !isPlanned(run)) return;
    await foldRun(unit, run, [{ kind: 'repaired', stage, repair: kind, message, at: unit.at }]);
  });
}
