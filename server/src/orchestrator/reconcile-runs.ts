import { defaultPool } from '@sluice/pipelines/protocol/queues';
import { findStage } from '@sluice/pipelines/run/find-stage';
import { mustExist, type Needed } from '@sluice/pipelines/run/must-exist';
import { decideTurns } from '@sluice/pipelines/schedule/decide-turns';
import { priorityOf, rankOf } from '@sluice/pipelines/schedule/priority';
import { unreachable } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { insertAttempts } from '../store/attempt-store.ts';
import {
  findExisting,
  listDeadTickets,
  listIdleGroups,
  listRestingRuns,
  listRolloutsWithoutTimer,
  mendLeases,
} from '../store/broken-store.ts';
import { addToOutbox } from '../store/outbox-store.ts';
import { shortenActionLeases } from '../store/rollout-action-store.ts';
import { findRuns, isPlanned, lockRun, type PlannedRun } from '../store/run-store.ts';
import { listTickets, removeTickets } from '../store/ticket-store.ts';
import { addTimer } from '../store/timer-store.ts';
import { leaseMs } from './lease.ts';
import { tellRepair, type RepairKind } from './repair.ts';
import { giveTurns } from './turns.ts';
import { inUnit, type Unit } from './unit.ts';

const restMs = 2_000;
/** What is younger may be on its way. */
const settledMs = 5_000;
const pageSize = 100;

/**
 * Compares the database with itself: what the states of runs, rollouts and groups need in order to go on by
 * themselves is put back where it is gone. Each call of the result looks at a page of the runs.
 */
export function runReconciler(context: ServerContext): () => Promise<number> {
  let after: string | null = null;
  return async () => {
    const before = context.now() - settledMs;
    const ids = await listRestingRuns(context.db, { after, before, limit: pageSize });
    after = ids.length === pageSize ? (ids.at(-1) ?? null) : null;
    await mendRuns(context, ids);
    await mendRollouts(context, before);
    await mendTurns(context, before);
    await mendHeld(context);
    return restMs;
  };
}

async function mendRuns(context: ServerContext, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const runs = (await findRuns(context.db, ids)).filter(isPlanned);
  const there = await findExisting(context.db, ids);
  for (const run of runs) {
    const { plan, state } = run.content;
    for (const needed of mustExist(plan, state)) {
      if (!there.has(keyOf(run.id, needed))) await mend(context, run.id, needed);
    }
  }
}

function keyOf(runId: string, needed: Needed): string {
  if (needed.kind === 'timer') return `${runId} timer ${needed.event.kind} ${needed.stage}`;
  if (needed.kind === 'search') return `${runId} search ${needed.stage}`;
  return `${runId} ${needed.kind} ${needed.stage} ${needed.attempt}`;
}

/** Looks again with the run locked: it may have gone on meanwhile. */
async function mend(context: ServerContext, runId: string, { kind, stage }: Needed): Promise<void> {
  const isMended = await inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, runId);
    if (run === null || !isPlanned(run)) return false;
    const needed = mustExist(run.content.plan, run.content.state).find(
      (each) => each.kind === kind && each.stage === stage,
    );
    if (needed === undefined || (await findExisting(unit.trx, [runId])).has(keyOf(runId, needed)))
      return false;
    await putBack(unit, run, needed);
    return true;
  });
  if (isMended) await tellRepair(context, { kind: repairOf[kind], runId, stage });
}

const repairOf = {
  attempt: 'attempt-missing',
  search: 'search-missing',
  timer: 'timer-missing',
  rollout: 'rollout-missing',
} satisfies Record<Needed['kind'], RepairKind>;

async function putBack(unit: Unit, run: PlannedRun, needed: Needed): Promise<void> {
  const { plan } = run.content;
  switch (needed.kind) {
    case 'attempt': {
      const { stage, attempt } = needed;
      const pool = findStage(plan, stage)?.pool ?? defaultPool;
      const line = { project: run.project, pool, rank: rankOf(priorityOf(plan)), runNumber: run.number };
      const made = {
        runId: run.id,
        stage,
        attempt,
        id: unit.newId(),
        status: 'queued',
        line,
        at: unit.at,
      } as const;
      await insertAttempts(unit.trx, [made]);
      unit.tell({ kind: 'line' });
      return;
    }
    case 'search':
      await addToOutbox(unit.trx, [{ kind: 'seek-result', runId: run.id, stage: needed.stage }], unit.at);
      unit.tell({ kind: 'outbox' });
      return;
    case 'timer':
      await addTimer(unit.trx, needed.dueAt, { kind: 'run', runId: run.id, event: needed.event });
      unit.tell({ kind: 'timers' });
      return;
    case 'rollout': {
      const { stage, attempt } = needed;
      await addToOutbox(unit.trx, [{ kind: 'start-rollout', runId: run.id, stage, attempt }], unit.at);
      unit.tell({ kind: 'outbox' });
      return;
    }
    default:
      unreachable(needed);
  }
}

async function mendRollouts(context: ServerContext, before: number): Promise<void> {
  for (const { id, runId, stage, wakeAt } of await listRolloutsWithoutTimer(context.db, before)) {
    await inUnit(context, async (unit) => {
      await addTimer(unit.trx, wakeAt, { kind: 'rollout', rolloutId: id });
      unit.tell({ kind: 'timers' });
    });
    await tellRepair(context, { kind: 'rollout-timer-missing', runId, stage });
  }
}

async function mendTurns(context: ServerContext, before: number): Promise<void> {
  for (const { runId } of await listDeadTickets(context.db)) {
    await inUnit(context, async (unit) => giveTurns(unit, await removeTickets(unit.trx, runId, null)));
    await tellRepair(context, { kind: 'turn-of-ended-run', runId, stage: null });
  }
  for (const group of await listIdleGroups(context.db, before)) {
    const { grant } = decideTurns(await listTickets(context.db, group));
    if (grant === null) continue;
    await inUnit(context, (unit) => giveTurns(unit, [group]));
    await tellRepair(context, { kind: 'turn-missing', runId: grant.runId, stage: grant.stage });
  }
}

async function mendHeld(context: ServerContext): Promise<void> {
  const now = context.now();
  const lease = { latest: now + 3 * leaseMs, until: now + leaseMs };
  await shortenActionLeases(context.db, lease);
  const mended = await mendLeases(context.db, lease);
  for (const { runId, stage, wasMissing } of mended)
    await tellRepair(context, { kind: wasMissing ? 'lease-missing' : 'lease-too-long', runId, stage });
}
