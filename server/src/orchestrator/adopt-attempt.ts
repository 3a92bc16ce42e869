import type { AdoptRequest, ClaimAnswer } from '@sluice/pipelines/protocol/worker-api';
import type { ServerContext } from '../context.ts';
import { findAttempt, lockAttempt, updateAttempt } from '../store/attempt-store.ts';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { claimOf, resolveForWorker } from './claim-attempt.ts';
import { findSuppliesOf } from './find-supplies.ts';
import { leaseMs } from './lease.ts';
import { inUnit } from './unit.ts';

const over = { kind: 'refused', reason: 'over' } as const;

/**
 * Gives an attempt again to the worker that holds it, whose process was killed: the claim with its secrets, and a
 * raised fence, so that the dead process can report nothing any more. The records that are stored stay; numbers go on.
 * Only the holder gets it, and only while it is held; it may ask again with an older fence when it was killed before
 * it kept the answer.
 */
export async function adoptAttempt(
  context: ServerContext,
  attemptId: string,
  request: AdoptRequest,
): Promise<ClaimAnswer> {
  const known = await findAttempt(context.db, attemptId);
  if (known === undefined) return over;
  const [supplies] = await findSuppliesOf(context, [{ runId: known.run_id, stage: known.stage }]);
  if (supplies === undefined || supplies === null) return over;
  return inUnit(context, async (unit): Promise<ClaimAnswer> => {
    const run = await lockRun(unit.trx, known.run_id);
    const attempt = await lockAttempt(unit.trx, attemptId);
    if (run === null || !isPlanned(run) || attempt?.status !== 'held') return over;
    if (attempt.worker_id !== request.workerId || request.fence > attempt.fence) return over;
    const resolved = resolveForWorker(run, attempt.stage, supplies);
    if (!resolved.ok) return over; // a secret or the repository was removed meanwhile: the worker reports the loss
    const fence = attempt.fence + 1;
    await updateAttempt(unit.trx, attempt.id, { fence, lease_until: unit.at + leaseMs });
    const { installation, stepLogBytes } = context;
    const place = { installation, stepLogBytes, attemptId, attempt: attempt.number, fence };
    const claim = claimOf(run, resolved.value, supplies, place);
    // It may have nothing of its own left to go on by.
    return { kind: 'claimed', claim, isTakenOver: attempt.pods !== null && attempt.acknowledged > 0 };
  });
}
