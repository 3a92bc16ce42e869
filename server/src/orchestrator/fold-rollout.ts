import { unreachable } from '@sluice/pipelines/result';
import { advanceRollout } from '@sluice/pipelines/rollout/advance-rollout';
import { clusterNews } from '@sluice/pipelines/rollout/fleet/cluster-news';
import type { ClusterNews } from '@sluice/pipelines/rollout/fleet/fleet-state';
import type { Rollout, RolloutCommand, RolloutEvent } from '@sluice/pipelines/rollout/rollout-state';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { notifyOfRollout } from '../notifications/notify.ts';
import { recordAudit } from '../store/audit-store.ts';
import { appendDecision } from '../store/decision-store.ts';
import { addToOutbox } from '../store/outbox-store.ts';
import { dropQueuedActions, insertAction } from '../store/rollout-action-store.ts';
import {
  appendEvidence,
  findRollout,
  lockRollout,
  phasesOfRun,
  saveRollout,
  type StoredRollout,
} from '../store/rollout-store.ts';
import { findRun, isPlanned, lockRun, touchRun, type PlannedRun } from '../store/run-store.ts';
import { addTimer } from '../store/timer-store.ts';
import { endRollout, recordRelease } from './end-rollout.ts';
import { sayInRollout } from './say-in-rollout.ts';
import { shownStatus } from './shown-status.ts';
import { reconsiderTurns } from './turns.ts';
import { LostRace, type Unit } from './unit.ts';

/** A rollout with its run, both locked by this transaction. */
export interface LockedRollout {
  readonly run: PlannedRun;
  readonly stored: StoredRollout;
  /** The run is not locked: what concerns it too must not be stored. */
  readonly isAlone?: true;
}

/** Locks the run, then its rollout; null when there is no such rollout. */
export async function lockRolloutWithRun(unit: Unit, rolloutId: string): Promise<LockedRollout | null> {
  const found = await findRollout(unit.trx, rolloutId);
  if (found === undefined) return null;
  const run = await lockRun(unit.trx, found.run_id);
  const stored = await lockRollout(unit.trx, rolloutId);
  if (run === null || !isPlanned(run) || stored === undefined) return null;
  return { run, stored };
}

/**
 * Locks what these events will change. Most of what the rollout of one of several clusters hears is its own affair, and
 * then its run is left alone: a hundred clusters do not wait for each other.
 */
export async function lockForEvents(
  unit: Unit,
  rolloutId: string,
  events: readonly RolloutEvent[],
): Promise<LockedRollout | null> {
  const found = await findRollout(unit.trx, rolloutId);
  if (found === undefined) return null;
  return isOwnAffair(found, foldEvents(found, events))
    ? lockRolloutAlone(unit, rolloutId)
    : lockRolloutWithRun(unit, rolloutId);
}

/** Enough for what concerns neither the run nor the rollout that leads this one; null when there is no such rollout. */
export async function lockRolloutAlone(unit: Unit, rolloutId: string): Promise<LockedRollout | null> {
  const stored = await lockRollout(unit.trx, rolloutId);
  const run = stored === undefined ? null : await findRun(unit.trx, stored.run_id);
  if (run === null || !isPlanned(run) || stored === undefined) return null;
  return { run, stored, isAlone: true };
}

export async function foldRolloutById(
  unit: Unit,
  rolloutId: string,
  events: readonly RolloutEvent[],
): Promise<void> {
  const locked = await lockForEvents(unit, rolloutId, events);
  if (locked !== null) await foldRollout(unit, locked, events);
}

/**
 * Folds events into an active rollout: evidence, state, decisions, intents of actions and the stage's end are
 * stored together or not at all. A rollout that waits or has ended hears nothing.
 */
export async function foldRollout(
  unit: Unit,
  { run, stored, isAlone }: LockedRollout,
  events: readonly RolloutEvent[],
): Promise<void> {
  if (stored.status !== 'active') return;
  const folded = foldEvents(stored, events);
  if (folded.heard.length === 0) return;
  // It changed between the look that foresaw this and the lock.
  if (isAlone === true && !isOwnAffair(stored, folded)) throw new LostRace();
  const { state, commands } = folded;
  let lastEvent = stored.last_event;
  for (const { event, weightPercent } of folded.heard) {
    lastEvent++;
    await appendEvidence(unit.trx, stored.id, lastEvent, event, weightPercent);
  }
  const outcome = await carryCommands(unit, stored, commands);
  await save(unit, stored, state, lastEvent, outcome);
  await notifyOfRollout(unit, run, stored, { state, lastEvent });
  if (outcome !== null && stored.parent_id === null) {
    await endRollout(unit, run, { ...stored, state }, outcome);
    return;
  }
  if (outcome !== null) await recordRelease(unit, run, { ...stored, state });
  // One look at one of many clusters is news to nobody who looks at the run.
  const isSeen = stored.parent_id === null || entersPhase(stored, state);
  if (isSeen && run.content.state.status === 'running') {
    const status = shownStatus(run.content.state, await phasesOfRun(unit.trx, run.id));
    await touchRun(unit.trx, run, status, unit.at);
    if (status !== run.status) await reconsiderTurns(unit, run);
  }
  unit.tell({ kind: 'run', runId: run.id });
  await tellLeader(unit, run, stored, state);
}

interface Folded {
  /** The events that are evidence, each with the weight when it came. */
  readonly heard: readonly { readonly event: RolloutEvent; readonly weightPercent: number }[];
  readonly state: Rollout;
  readonly commands: readonly RolloutCommand[];
}

function foldEvents(stored: StoredRollout, events: readonly RolloutEvent[]): Folded {
  let { state } = stored;
  const heard: { event: RolloutEvent; weightPercent: number }[] = [];
  const commands: RolloutCommand[] = [];
  for (const event of events) {
    const next = advanceRollout(state, event);
    if (event.kind === 'tick' && next.rollout === state && next.commands.length === 0) continue;
    heard.push({ event, weightPercent: state.weightPercent });
    commands.push(...next.commands);
    state = next.rollout;
  }
  return { heard, state, commands };
}

/** Of one of several clusters: neither its run nor the rollout that leads it has to know. */
function isOwnAffair(stored: StoredRollout, { state, commands }: Folded): boolean {
  const isOver = commands.some(({ kind }) => kind === 'finish');
  return (
    stored.parent_id !== null && !isOver && !entersPhase(stored, state) && newsFor(stored, state) === null
  );
}

const entersPhase = (stored: StoredRollout, { phase }: Rollout): boolean =>
  phase.name !== stored.state.phase.name;

/** What the rollout that leads this one has not been told yet; null: nothing. */
function newsFor(stored: StoredRollout, state: Rollout): ClusterNews | null {
  const news = clusterNews(state);
  return JSON.stringify(news) === JSON.stringify(clusterNews(stored.state)) ? null : news;
}

/** The rollout that leads this one hears of it in the same transaction, when it is something new to it. */
async function tellLeader(unit: Unit, run: PlannedRun, stored: StoredRollout, state: Rollout): Promise<void> {
  const { parent_id: parentId, cluster, round } = stored;
  if (parentId === null || cluster === null || round === null) return;
  const news = newsFor(stored, state);
  if (news === null) return;
  const leader = await lockRollout(unit.trx, parentId);
  if (leader === undefined) return;
  await foldRollout(unit, { run, stored: leader }, [
    { kind: 'cluster-changed', cluster, round, news, at: unit.at },
  ]);
}

async function save(
  unit: Unit,
  stored: StoredRollout,
  state: Rollout,
  lastEvent: number,
  outcome: StageOutcome | null,
): Promise<void> {
  await saveRollout(unit.trx, stored.id, {
    status: outcome === null ? 'active' : 'ended',
    state,
    revision: stored.revision + 1,
    lastEvent,
    finishedAt: outcome === null ? null : unit.at,
  });
}

/** Returns how the rollout ended; null while it goes on. */
async function carryCommands(
  unit: Unit,
  rollout: StoredRollout,
  commands: readonly RolloutCommand[],
): Promise<StageOutcome | null> {
  let outcome: StageOutcome | null = null;
  const lines: string[] = [];
  for (const command of commands) {
    switch (command.kind) {
      case 'act': {
        const job = { rolloutId: rollout.id, action: command.action };
        await dropQueuedActions(unit.trx, rollout.id, unit.at);
        await insertAction(unit.trx, rollout.id, command.action, command.what, unit.at);
        await addToOutbox(unit.trx, [{ kind: 'enqueue-action', job }], unit.at);
        unit.tell({ kind: 'outbox' });
        break;
      }
      case 'set-timer':
        await addTimer(unit.trx, command.dueAt, { kind: 'rollout', rolloutId: rollout.id });
        unit.tell({ kind: 'timers' });
        break;
      case 'record-decision':
        await appendDecision(unit.trx, rollout.id, command.decision);
        if (command.decision.by === 'guard') await recordGuard(unit, rollout, command.decision.reason);
        break;
      case 'say':
        lines.push(command.line);
        break;
      case 'finish':
        outcome = command.outcome;
        break;
      case 'start-cluster':
      case 'return-cluster':
      case 'leave-cluster':
      case 'steer-cluster':
        await addToOutbox(unit.trx, [{ ...command, rolloutId: rollout.id }], unit.at);
        unit.tell({ kind: 'outbox' });
        break;
      default:
        unreachable(command);
    }
  }
  await sayInRollout(unit, rollout, lines);
  return outcome;
}

/** Not the engine has taken the traffic back, and nobody has asked it to. */
async function recordGuard(unit: Unit, { id, environment }: StoredRollout, reason: string): Promise<void> {
  const detail = { environment, reason };
  await recordAudit(unit.trx, { who: 'guard', what: 'rollout-given-back', target: id, detail, at: unit.at });
}
