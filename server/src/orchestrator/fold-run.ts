import { isStageEnd, type RunEvent, type RunState } from '@sluice/pipelines/run/run-state';
import { closeServerLog, openServerLog, sayInLog } from '../ingest/server-log.ts';
import { notifyOfRun } from '../notifications/notify.ts';
import type { Attempt } from '../store/attempt-store.ts';
import { progressOf, saveProgress, type FoldedRun } from '../store/progress-store.ts';
import { phasesOfRun } from '../store/rollout-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import { carryRunCommands } from './carry-run-commands.ts';
import { foldEvents, foldNothing, type Fold } from './fold-events.ts';
import { noteResults } from './note-results.ts';
import { shownStatus, type StageRollout } from './shown-status.ts';
import { releaseTurns } from './turns.ts';
import type { Unit } from './unit.ts';

/**
 * Folds events into a run that this transaction has locked: state, events and what follows from them are
 * stored together or not at all. Events that change nothing (late, repeated) leave no trace.
 */
export async function foldRun(unit: Unit, run: PlannedRun, events: readonly RunEvent[]): Promise<PlannedRun> {
  const [changed] = await storeFolds(unit, [foldEvents(foldNothing(run), events)]);
  return changed ?? run;
}

/**
 * Stores folds of different runs, together with attempts of theirs, and then what must follow from them: a cancel, for
 * one, looks at the attempt as it is now. Returns the runs that changed.
 */
export async function storeFolds(
  unit: Unit,
  folds: readonly Fold[],
  attempts: readonly Attempt[] = [],
): Promise<readonly PlannedRun[]> {
  const changed: (FoldedRun & { readonly fold: Fold })[] = [];
  for (const fold of folds) {
    if (fold.events.length > 0)
      changed.push({ fold, run: await changedRun(unit, fold), events: fold.events });
  }
  await saveProgress(unit.trx, changed, attempts.map(progressOf), unit.at);
  if (changed.length === 0) return [];
  await carryRunCommands(
    unit,
    changed.map(({ run, fold }) => ({ run, commands: fold.commands })),
  );
  for (const { run, fold } of changed) {
    await tellApprovals(unit, run, fold.before.content.state);
    await releaseTurns(unit, fold.before, run);
    await noteResults(unit, fold.before, run);
    await notifyOfRun(unit, run, fold.commands);
    unit.tell({ kind: 'run', runId: run.id });
    if (fold.events.some(freesSlot)) unit.tell({ kind: 'line' });
  }
  return changed.map(({ run }) => run);
}

async function changedRun(unit: Unit, { before, state, events }: Fold): Promise<PlannedRun> {
  return {
    ...before,
    content: { ...before.content, state },
    status: shownStatus(state, await rolloutsOf(unit, before)),
    revision: before.revision + 1,
    lastEvent: before.lastEvent + events.length,
    finishedAt: state.finishedAt,
  };
}

const freesSlot = ({ kind }: RunEvent): boolean => kind === 'stage-finished' || kind === 'cancel-requested';

/** Most runs deploy nothing and are spared the question. */
async function rolloutsOf(unit: Unit, run: PlannedRun): Promise<readonly StageRollout[]> {
  const deploys = run.content.plan.stages.some((stage) => stage.work.kind === 'deploy');
  return deploys ? phasesOfRun(unit.trx, run.id) : [];
}

/** Writes into the logs of approve stages who voted and how they ended. */
async function tellApprovals(unit: Unit, run: PlannedRun, before: RunState): Promise<void> {
  for (const [stage, was] of Object.entries(before.stages)) {
    const is = run.content.state.stages[stage];
    if (was.status !== 'awaiting-approval' || is === undefined || is === was) continue;
    const attemptId = await openServerLog(unit, { runId: run.id, stage, attempt: was.attempt });
    if (is.status === 'awaiting-approval') {
      const votes = is.votes.slice(was.votes.length);
      await sayInLog(
        unit,
        attemptId,
        votes.map((vote) => `${vote.verdict} by ${vote.by}${vote.reason === null ? '' : `: ${vote.reason}`}`),
      );
    } else if (isStageEnd(is)) {
      await sayInLog(unit, attemptId, [
        is.status === 'failed' ? is.failure.message : (is.reason ?? is.status),
      ]);
      await closeServerLog(unit, attemptId, 'finished');
    }
  }
}
