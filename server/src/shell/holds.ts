import type { HoldRequest } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { inUnit, type Unit } from '../orchestrator/unit.ts';
import { lockAttempt } from '../store/attempt-store.ts';
import { recordAudit } from '../store/audit-store.ts';
import { countHoldsOfWorker, endHold, findHold, saveHold } from '../store/hold-store.ts';
import { bumpRun } from '../store/run-store.ts';

const longestMs = 2 * 3_600_000;
/** Kept containers use memory and disk that other stages want. */
const mostOfWorker = 8;

export interface HoldProblem {
  readonly reason: 'stale-fence' | 'too-many-holds';
  readonly message: string;
}

/** Lets the worker that holds the attempt keep its container after the attempt's end. */
export async function grantHold(
  context: ServerContext,
  attemptId: string,
  { workerId, fence, forMs }: HoldRequest,
): Promise<Result<{ readonly forMs: number }, HoldProblem>> {
  return inUnit(context, async (unit): Promise<Result<{ readonly forMs: number }, HoldProblem>> => {
    const attempt = await lockAttempt(unit.trx, attemptId);
    if (attempt?.status !== 'held' || attempt.fence !== fence || attempt.worker_id !== workerId) {
      return err({ reason: 'stale-fence', message: `attempt ${attemptId} is not held with fence ${fence}` });
    }
    if ((await countHoldsOfWorker(unit.trx, workerId, unit.at)) >= mostOfWorker) {
      const message = `this worker already keeps ${mostOfWorker} failed stages: release one of them`;
      return err({ reason: 'too-many-holds', message });
    }
    const granted = Math.min(forMs, longestMs);
    const until = unit.at + granted;
    await saveHold(unit.trx, { attemptId, runId: attempt.run_id, workerId, fence, at: unit.at, until });
    return ok({ forMs: granted });
  });
}

/** The worker says that the container is gone. */
export async function holdEnded(
  context: ServerContext,
  attemptId: string,
  workerId: string,
  reason: string,
): Promise<void> {
  await inUnit(context, (unit) => finish(unit, attemptId, workerId, reason));
}

/** A person gives up what is kept; the worker removes it as soon as it hears. False when it is not held. */
export async function releaseHold(
  context: ServerContext,
  attemptId: string,
  by: { readonly user: string; readonly from: string | null },
): Promise<boolean> {
  const hold = await findHold(context.db, attemptId, context.now());
  if (hold === null) return false;
  await inUnit(context, async (unit) => {
    await finish(unit, attemptId, null, `released by ${by.user}`);
    await recordAudit(unit.trx, {
      who: by.user,
      from: by.from,
      what: 'shell-hold-released',
      target: attemptId,
      detail: { run: hold.run_id },
      at: unit.at,
    });
    unit.tell({ kind: 'shell', workerId: hold.worker_id });
  });
  return true;
}

async function finish(unit: Unit, attemptId: string, workerId: string | null, reason: string): Promise<void> {
  const ended = await endHold(unit.trx, attemptId, { at: unit.at, reason, workerId });
  if (ended === null) return;
  await bumpRun(unit.trx, ended.run_id, unit.at);
  unit.tell({ kind: 'run', runId: ended.run_id });
}
