import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { foldRun } from './fold-run.ts';
import { inUnit } from './unit.ts';

/**
 * False when there is no such run. A run that has ended stays as it is. `force`: a second word, which cuts short what
 * the first cancel left to clean up; without a first one it is a first one.
 */
export async function requestCancel(
  context: ServerContext,
  runId: string,
  by: string,
  reason: string,
  force = false,
): Promise<boolean> {
  return inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, runId);
    if (run === null) return false;
    if (!isPlanned(run)) return true;
    const isForced = force && run.content.state.cancel !== null;
    await foldRun(unit, run, [
      isForced
        ? { kind: 'cancel-forced', by, at: unit.at }
        : { kind: 'cancel-requested', by, reason, at: unit.at },
    ]);
    return true;
  });
}

/** Ends one stage; the error says that there is none of that name. One that has ended stays as it is. */
export async function requestStageCancel(
  context: ServerContext,
  place: { readonly runId: string; readonly stage: string },
  by: string,
  reason: string,
  force = false,
): Promise<Result<null, string>> {
  return inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, place.runId);
    if (run === null || !isPlanned(run) || run.content.state.stages[place.stage] === undefined) {
      return err(`there is no stage "${place.stage}" in this run`);
    }
    const forced = force ? ({ forced: true } as const) : {};
    await foldRun(unit, run, [
      { kind: 'stage-cancel-requested', stage: place.stage, by, reason, ...forced, at: unit.at },
    ]);
    return ok(null);
  });
}
