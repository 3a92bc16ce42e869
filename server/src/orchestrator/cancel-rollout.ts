import { openServerLog } from '../ingest/server-log.ts';
import type { StepCommand } from '../store/outbox-store.ts';
import { findRolloutOfStage, lockRollout } from '../store/rollout-store.ts';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { abortLockedRollout } from './abort-rollout.ts';
import { endDeployStage } from './end-rollout.ts';
import type { Unit } from './unit.ts';

type Command = Extract<StepCommand, { readonly kind: 'cancel-rollout' }>;

/** The run was cancelled: its rollout rolls back, and then the stage ends. */
export async function cancelRollout(unit: Unit, command: Command): Promise<void> {
  const run = await lockRun(unit.trx, command.runId);
  if (run === null || !isPlanned(run)) return;
  const found = await findRolloutOfStage(unit.trx, command);
  if (found === undefined) {
    const attemptId = await openServerLog(unit, command);
    const { stage, attempt, reason } = command;
    await endDeployStage(unit, run, { stage, attempt, attemptId }, { result: 'cancelled', reason });
    return;
  }
  const stored = await lockRollout(unit.trx, found.id);
  const by = run.content.state.cancel?.by ?? 'sluice';
  if (stored !== undefined) await abortLockedRollout(unit, { run, stored }, by, command.reason);
}
