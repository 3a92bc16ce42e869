import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { closeServerLog, sayInLog } from '../ingest/server-log.ts';
import { forgetLooks } from '../store/drift-store.ts';
import { addToOutbox } from '../store/outbox-store.ts';
import { insertRelease } from '../store/release-store.ts';
import type { StoredRollout } from '../store/rollout-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import { foldRun } from './fold-run.ts';
import type { Unit } from './unit.ts';

/** The rollout's end is the end of its stage, a release in its environment, and the turn of who waits. */
export async function endRollout(
  unit: Unit,
  run: PlannedRun,
  rollout: StoredRollout,
  outcome: StageOutcome,
): Promise<void> {
  await recordRelease(unit, run, rollout);
  const clusters = rollout.state.spec.waves?.flat().map(({ name }) => name) ?? [null];
  await forgetLooks(unit.trx, rollout.environment, clusters, unit.at);
  await endDeployStage(unit, run, { ...rollout, attemptId: rollout.attempt_id }, outcome);
  await addToOutbox(unit.trx, [{ kind: 'next-rollout', environment: rollout.environment }], unit.at);
  unit.tell({ kind: 'outbox' });
}

/** Closes the stage's log and folds its end into the run. */
export async function endDeployStage(
  unit: Unit,
  run: PlannedRun,
  place: { readonly stage: string; readonly attempt: number; readonly attemptId: string },
  outcome: StageOutcome,
): Promise<void> {
  await sayInLog(unit, place.attemptId, [sentence(outcome)]);
  await closeServerLog(unit, place.attemptId, 'finished');
  const { stage, attempt } = place;
  await foldRun(unit, run, [{ kind: 'stage-finished', stage, attempt, outcome, at: unit.at }]);
}

function sentence(outcome: StageOutcome): string {
  switch (outcome.result) {
    case 'succeeded':
      return 'the deployment succeeded';
    case 'failed':
      return `the deployment failed: ${outcome.failure.message}`;
    case 'cancelled':
      return `the deployment was cancelled: ${outcome.reason}`;
  }
}

/** A version that was promoted or rolled back belongs to the history of its environment, or of its cluster. */
export async function recordRelease(unit: Unit, run: PlannedRun, rollout: StoredRollout): Promise<void> {
  const { phase, spec } = rollout.state;
  if (phase.name !== 'succeeded' && phase.name !== 'rolled-back') return;
  // What was only to be seen was never released.
  if (phase.name === 'rolled-back' && phase.planned === true) return;
  await insertRelease(unit.trx, {
    id: unit.newId(),
    environment: rollout.environment,
    rollout_id: rollout.id,
    run_id: run.id,
    version: spec.version,
    image: spec.image,
    commit_sha: run.trigger.commit.sha,
    by: run.trigger.actor,
    at: unit.at,
    outcome: phase.name,
    reason: phase.name === 'rolled-back' ? phase.reason : null,
    work: spec.work,
    cluster: rollout.cluster,
  });
}
