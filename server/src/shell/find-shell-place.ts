import type { ShellEnd } from '@sluice/pipelines/protocol/shell';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { findStage } from '@sluice/pipelines/run/find-stage';
import type { ServerContext } from '../context.ts';
import { findAttempt } from '../store/attempt-store.ts';
import { findHold } from '../store/hold-store.ts';
import { findRun, isPlanned } from '../store/run-store.ts';

export interface ShellPlace {
  readonly workerId: string;
  readonly runId: string;
  readonly runNumber: number;
  readonly stage: string;
  readonly attempt: number;
}

/** Where a shell of this attempt is opened: its steps run now, or its container is kept. The error says why nowhere. */
export async function findShellPlace(
  context: ServerContext,
  attemptId: string,
): Promise<Result<ShellPlace, ShellEnd>> {
  const attempt = await findAttempt(context.db, attemptId);
  const run = attempt === undefined ? null : await findRun(context.db, attempt.run_id);
  if (attempt === undefined || run === null || !isPlanned(run))
    return err(notOpen('there is no such attempt'));
  const { stage, number } = attempt;
  const place = { runId: run.id, runNumber: run.number, stage, attempt: number };
  if (findStage(run.content.plan, stage)?.work.kind !== 'steps') {
    return err(notOpen(`stage "${stage}" runs no steps: there is nothing to open a shell in`));
  }
  if (attempt.status === 'held' && attempt.worker_id !== null)
    return ok({ ...place, workerId: attempt.worker_id });
  const hold = await findHold(context.db, attemptId, context.now());
  if (hold !== null) return ok({ ...place, workerId: hold.worker_id });
  return err(
    notOpen(
      attempt.status === 'queued'
        ? `stage "${stage}" has not begun: no worker has taken it yet`
        : `stage "${stage}" is over and nothing of it is kept: give it keep_on_failure: 30m, ` +
            'or run it again and keep failed stages for a shell',
    ),
  );
}

function notOpen(message: string): ShellEnd {
  return { kind: 'ended', reason: 'not-open', message, exitCode: null };
}
