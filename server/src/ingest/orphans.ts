// What workers ask and tell about things that stand on their engines and may be nobody's any more. The worker decides
// (`decideOrphan`) and removes; the server knows how attempts stand, and keeps the counts.
import type { AttemptStanding } from '@sluice/pipelines/orphans/decide-orphan';
import type {
  AttemptName,
  OrphanLook,
  RemovedOrphan,
  StandingsAnswer,
  StandingsQuestion,
} from '@sluice/pipelines/protocol/orphans';
import type { ServerContext } from '../context.ts';
import { orphansRemoved } from '../orchestrator/metrics.ts';
import { tellRepair } from '../orchestrator/repair.ts';
import { findAttempt } from '../store/attempt-store.ts';
import { saveLook } from '../store/orphan-store.ts';
import { findStandings, lastRolloutEnds, type AttemptRow } from '../store/standing-store.ts';

/** A look is believed for so many times as long as the worker waits between two. */
const missedLooks = 3;

export async function tellStandings(
  { db, now, installation }: ServerContext,
  { attempts, environments = [] }: StandingsQuestion,
): Promise<StandingsAnswer> {
  const [rows, ends] = [await findStandings(db, attempts), await lastRolloutEnds(db, environments)];
  const at = now();
  return {
    installation,
    attempts: rows.map((row) => standingOf(row, at)),
    environments: ends.map((endedAt) => (endedAt === null ? null : Math.max(0, at - endedAt))),
  };
}

function standingOf(row: AttemptRow | undefined, now: number): AttemptStanding {
  if (row === undefined) return { kind: 'unknown' };
  const { id: attemptId, status, finishedAt, heldUntil } = row;
  const isOver = status === 'finished' || status === 'lost' || status === 'over';
  if (heldUntil !== null && heldUntil > now) return { kind: 'kept', attemptId };
  if (!isOver || finishedAt === null) return { kind: 'open', attemptId };
  return { kind: 'over', attemptId, forMs: Math.max(0, now - Math.max(finishedAt, heldUntil ?? 0)) };
}

/** Keeps the counts, and tells each removal as a repair of the run that had left the thing. */
export async function takeLook(context: ServerContext, look: OrphanLook): Promise<void> {
  const { workerId, everyMs } = look;
  const at = context.now();
  await saveLook(context.db, look.counts, { workerId, at, until: at + missedLooks * everyMs });
  for (const removed of look.removed) {
    const { engine, kind, name, reason } = removed;
    orphansRemoved.inc({ engine, kind });
    await tellRepair(context, {
      kind: 'orphan-removed',
      ...(await placeOf(context, removed.attempt)),
      message: `${workerId} removed the ${wordFor(kind)} ${name} from ${engine}: ${reason}`,
    });
  }
}

async function placeOf(
  { db }: ServerContext,
  name: AttemptName,
): Promise<{ readonly runId: string | null; readonly stage: string | null }> {
  if ('runId' in name) return { runId: name.runId, stage: name.stage };
  const attempt = await findAttempt(db, name.attemptId);
  return { runId: attempt?.run_id ?? null, stage: attempt?.stage ?? null };
}

const wordFor = (kind: RemovedOrphan['kind']): string => kind.replace('-', ' ');
