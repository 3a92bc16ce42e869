import { advance } from '@sluice/pipelines/run/advance';
import { isStageEnd, type RunCommand, type RunEvent, type RunState } from '@sluice/pipelines/run/run-state';
import { closeServerLog, openServerLog, sayInLog } from '../ingest/server-log.ts';
import { saveRunState, type PlannedRun } from '../store/run-store.ts';
import { carryRunCommands } from './carry-run-commands.ts';
import { phasesOfRun } from '../store/rollout-store.ts';
import { shownStatus, type StageRollout } from './shown-status.ts';
import type { Unit } from './unit.ts';

/**
 * Folds events into a run that this transaction has locked: state, events and what follows from them are
 * stored together or not at all. Events that change nothing (late, repeated) leave no trace.
 */
export async function foldRun(unit: Unit, run: PlannedRun, events: readonly RunEvent[]): Promise<PlannedRun> {
  const { plan } = run.content;
  const folded: RunEvent[] = [];
  const commands: RunCommand[] = [];
  let { state } = run.content;
  for (const event of events) {
    const next = advance(plan, state, event);
    if (next.state === state && next.commands.length === 0 && event.kind !== 'run-requested') continue;
    folded.push(event);
    commands.push(...next.commands);
    state = next.state;
  }
  if (folded.length === 0) return run;
  const changed: PlannedRun = {
    ...run,
    content: { ...run.content, state },
    status: shownStatus(state, await rolloutsOf(unit, run)),
    revision: run.revision + 1,
    lastEvent: run.lastEvent + folded.length,
    finishedAt: state.finishedAt,
  };
  await saveRunState(unit.trx, changed, folded, unit.at);
  await carryRunCommands(unit, changed, commands);
  await tellApprovals(unit, changed, run.content.state);
  unit.tell({ kind: 'run', runId: run.id });
  return changed;
}

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
