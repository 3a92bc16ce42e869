import { defaultPool } from '@sluice/pipelines/protocol/queues';
import { rankOf } from '@sluice/pipelines/schedule/priority';
import type { ServerContext } from '../context.ts';
import type { JobToAdd, Queues } from '../queue/queues.ts';
import { countOpenAttempts, fillInLine, listGrantedAttempts } from '../store/attempt-store.ts';
import { listOpenActions } from '../store/rollout-action-store.ts';
import { abandonedFinder } from './find-abandoned.ts';
import { attemptsHeld, attemptsQueued, repairs } from './metrics.ts';
import { tellRepair, type RepairKind } from './repair.ts';

const restMs = 2_000;
/** Younger ones are still on their way through the outbox. */
const settledMs = 1_000;

type Waiting = JobToAdd & { readonly reason: RepairKind };

/**
 * Compares the database with the queues: puts back what Redis no longer has (it may be emptied at any moment) and
 * what a worker took without ever claiming it. Each call of the result returns how long it may rest.
 */
export function queueReconciler(context: ServerContext, queues: Queues): () => Promise<number> {
  const findAbandoned = abandonedFinder(queues);
  return async () => {
    const counts = await countOpenAttempts(context.db);
    attemptsQueued.set(counts.queued);
    attemptsHeld.set(counts.held);
    await adoptOlderAttempts(context);
    await queues.ready();
    const waiting = await listWaiting(context);
    const lost = new Set(await queues.missing(waiting));
    await putBack(context, queues, [...lost]);
    const present = waiting.filter((command) => !lost.has(command));
    const abandoned = await findAbandoned(present, context.now());
    await putBack(
      context,
      queues,
      abandoned.map((job) => ({ ...job, reason: 'never-claimed' })),
    );
    return restMs;
  };
}

/** An older server that still runs beside this one puts its attempts into no line, and hands them out itself. */
async function adoptOlderAttempts({ db, log }: ServerContext): Promise<void> {
  const adopted = await fillInLine(db, { pool: defaultPool, rank: rankOf('normal') });
  if (adopted === 0) return;
  const kind = 'attempt-of-older-server' satisfies RepairKind;
  repairs.inc({ kind }, adopted);
  log.warn({ repair: kind, adopted }, 'attempts that an older server made now count for their projects');
}

async function putBack(context: ServerContext, queues: Queues, jobs: readonly Waiting[]): Promise<void> {
  if (jobs.length === 0) return;
  await queues.add(jobs);
  for (const { job, reason } of jobs) {
    const place = 'runId' in job ? { runId: job.runId, stage: job.stage } : { runId: null, stage: null };
    await tellRepair(context, { kind: reason, ...place });
  }
}

async function listWaiting({ db, now }: ServerContext): Promise<readonly Waiting[]> {
  const before = now() - settledMs;
  const attempts = await listGrantedAttempts(db, before);
  const actions = await listOpenActions(db, { before, now: now() });
  return [
    ...attempts.map((attempt): Waiting => ({
      kind: 'enqueue-attempt',
      job: { runId: attempt.run_id, stage: attempt.stage, attempt: attempt.number },
      pool: attempt.pool ?? defaultPool,
      reason: 'job-missing',
    })),
    ...actions.map((action): Waiting => ({
      kind: 'enqueue-action',
      job: { rolloutId: action.rollout_id, action: action.number },
      reason: action.status === 'queued' ? 'action-missing' : 'action-lease-ended',
    })),
  ];
}
