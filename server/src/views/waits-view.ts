// Behind whom a run's stages wait, computed when somebody looks: what stands before them changes all the time.
import { decideGrants, type Share } from '@sluice/pipelines/schedule/decide-grants';
import { ticketsBefore } from '@sluice/pipelines/schedule/decide-turns';
import { placeInLine } from '@sluice/pipelines/schedule/place-in-line';
import type { StageWait, WaitReason, WorkRef } from '@sluice/pipelines/schedule/wait-reason';
import { sharesOf, workerSeenMs } from '../orchestrator/grant-pending.ts';
import type { Database } from '../store/database.ts';
import { readHeads } from '../store/grant-store.ts';
import { readLine, type LineFacts, type PoolFacts } from '../store/line-store.ts';
import { countWaiting, lastSeenInPool, placesOfRun, type Place } from '../store/place-store.ts';
import { listFrozenRollouts } from '../store/rollout-store.ts';
import { listTickets, listWaitingTickets } from '../store/ticket-store.ts';

const named = 3;

/** Empty for most runs: then it costs two look-ups in an index. */
export async function runWaits(db: Database, runId: string, now: number): Promise<readonly StageWait[]> {
  const [turns, places, frozen] = await Promise.all([
    turnWaits(db, runId),
    placesOfRun(db, runId),
    frozenWaits(db, runId),
  ]);
  if (places.length === 0) return [...turns, ...frozen];
  const facts = await readLine(db, now - workerSeenMs);
  const pools = new Map<string, PoolSituation>();
  for (const pool of new Set(places.map((place) => place.pool)))
    pools.set(pool, await situationOf(db, pool, facts));
  const waits = places.flatMap((place): StageWait[] => {
    const situation = pools.get(place.pool);
    return situation === undefined ? [] : [{ stage: place.stage, why: whyOf(place, situation, facts) }];
  });
  return [...turns, ...frozen, ...waits];
}

/** Rollouts that a freeze window holds. */
async function frozenWaits(db: Database, runId: string): Promise<readonly StageWait[]> {
  const rollouts = await listFrozenRollouts(db, runId);
  return rollouts.flatMap(({ stage, environment, state: { phase } }): StageWait[] => {
    if (phase.name !== 'frozen') return [];
    const { window, reason, until } = phase;
    return [{ stage, why: { kind: 'frozen', environment, window, reason, until } }];
  });
}

async function turnWaits(db: Database, runId: string): Promise<readonly StageWait[]> {
  const waits: StageWait[] = [];
  for (const { stage, ...group } of await listWaitingTickets(db, runId)) {
    const tickets = await listTickets(db, group);
    const own = tickets.find((ticket) => ticket.runId === runId && ticket.stage === stage);
    const before = own === undefined ? [] : ticketsBefore(tickets, own);
    const refs = before.slice(0, named).map((ticket): WorkRef => ({
      runId: ticket.runId,
      number: ticket.runNumber,
      stage: ticket.stage,
    }));
    waits.push({ stage, why: { kind: 'turn', group: group.group, before: refs, count: before.length } });
  }
  return waits;
}

interface PoolSituation {
  readonly facts: PoolFacts | undefined;
  readonly slots: number;
  readonly inUse: number;
  readonly shares: readonly Share[];
  readonly waiting: ReadonlyMap<string, number>;
  readonly next: readonly WorkRef[];
  readonly lastSeenAt: number | null;
}

async function situationOf(db: Database, pool: string, line: LineFacts): Promise<PoolSituation> {
  const facts = line.pools.find((each) => each.pool === pool);
  const shares = facts === undefined ? [] : sharesOf(facts, line);
  const wanted = { pool, room: named, shares };
  const [pending, waiting, lastSeenAt] = await Promise.all([
    readHeads(db, [wanted]),
    countWaiting(db, pool),
    lastSeenInPool(db, pool),
  ]);
  const { granted } = decideGrants({ ...wanted, virtualTime: facts?.virtualTime ?? 0, pending });
  const runIds = new Map(pending.map(({ id, runId }) => [id, runId]));
  return {
    facts,
    slots: line.slots.get(pool) ?? 0,
    inUse: line.inUseByPool.get(pool) ?? 0,
    shares,
    waiting,
    next: granted.map(({ id, runNumber, stage }) => ({
      runId: runIds.get(id) ?? '',
      number: runNumber,
      stage,
    })),
    lastSeenAt,
  };
}

function whyOf(place: Place, situation: PoolSituation, line: LineFacts): WaitReason {
  const { pool, project, before } = place;
  const { slots, inUse, shares, waiting, next, lastSeenAt } = situation;
  if (slots === 0) return { kind: 'no-worker', pool, lastSeenAt };
  if (place.isGranted) return { kind: 'handed-out', pool, inUse: Math.min(inUse, slots), slots };
  const own = shares.find((share) => share.project === project);
  if (own?.roomInQuota === 0) {
    const running = line.inUse.get(project) ?? 0;
    const limit = line.limits.get(project)?.maxRunningStages ?? running;
    return { kind: 'quota', project, running, limit, before };
  }
  const others = shares
    .filter((share) => share.project !== project)
    .map((share) => ({ ...share, waiting: waiting.get(share.project) ?? 0 }));
  const all = own === undefined ? before : placeInLine(before, own, others);
  return { kind: 'line', pool, before: all, next, inUse: Math.min(inUse, slots), slots };
}
