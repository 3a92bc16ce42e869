import type { ServerContext } from '../context.ts';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { listDueTimers, nextTimerAt, takeTimer, type Timer } from '../store/timer-store.ts';
import { foldRolloutById } from './fold-rollout.ts';
import { foldRun } from './fold-run.ts';
import { inUnit } from './unit.ts';

const longestRestMs = 1_000;

/** Folds what is due, each timer in its own transaction; returns how long it may rest. */
export async function fireTimers(context: ServerContext): Promise<number> {
  const now = context.now();
  const due = await listDueTimers(context.db, now);
  for (const timer of due) await fire(context, timer);
  const next = await nextTimerAt(context.db);
  if (next === null) return longestRestMs;
  return Math.min(longestRestMs, Math.max(0, next - context.now()));
}

async function fire(context: ServerContext, { id, target }: Timer): Promise<void> {
  await inUnit(context, async (unit) => {
    if (!(await takeTimer(unit.trx, id))) return;
    if (target.kind === 'rollout') {
      await foldRolloutById(unit, target.rolloutId, [{ kind: 'tick', at: unit.at }]);
      return;
    }
    const run = await lockRun(unit.trx, target.runId);
    if (run !== null && isPlanned(run)) await foldRun(unit, run, [target.event]);
  });
}
