// Places in the lines of concurrency groups: taken with the run, given back with its end. Everything here happens in
// the transaction of the change itself, so a crash leaves no group taken by nobody.
import type { Plan } from '@sluice/pipelines/plan/plan';
import { wholePlan } from '@sluice/pipelines/plan/whole-plan';
import { isStageEnd } from '@sluice/pipelines/run/run-state';
import { groupsOf } from '@sluice/pipelines/schedule/groups-of';
import { addToOutbox, type OutboxCommand, type StepCommand } from '../store/outbox-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import {
  lockGroup,
  removeTickets,
  saveTickets,
  type Group,
  type TicketHolder,
} from '../store/ticket-store.ts';
import type { Unit } from './unit.ts';

/** Before the run has its number: numbers of a group's runs then become visible in their order. */
export async function lockGroupsOf(unit: Unit, repositoryId: string, plan: Plan): Promise<void> {
  const groups = new Set(groupsOf(plan).map(({ group }) => group));
  for (const group of [...groups].toSorted()) await lockGroup(unit.trx, { repositoryId, group });
}

export async function takeTickets(unit: Unit, run: PlannedRun): Promise<void> {
  const uses = groupsOf(wholePlan(run.content.plan, run.content.state));
  if (uses.length > 0) await saveTickets(unit.trx, holderOf(run), uses, 'ahead', unit.at);
}

/** The run, or a stage of it, has come to where it needs its turn. */
export async function requestTurn(
  unit: Unit,
  run: PlannedRun,
  stage: string | null,
): Promise<readonly OutboxCommand[]> {
  const uses = groupsOf(wholePlan(run.content.plan, run.content.state)).filter((use) => use.stage === stage);
  if (uses.length === 0) return [];
  await saveTickets(unit.trx, holderOf(run), uses, 'waiting', unit.at);
  return uses.map(({ group }) => turnOf({ repositoryId: run.repositoryId, group }));
}

/** Gives back the places of what has ended, and lets the next ones begin. */
export async function releaseTurns(unit: Unit, before: PlannedRun, run: PlannedRun): Promise<void> {
  const uses = groupsOf(wholePlan(run.content.plan, run.content.state));
  if (uses.length === 0) return;
  const { state } = run.content;
  const ended = uses.flatMap(({ stage }) => {
    const [was, is] = stage === null ? [] : [before.content.state.stages[stage], state.stages[stage]];
    const hasEnded = is !== undefined && isStageEnd(is) && (was === undefined || !isStageEnd(was));
    return hasEnded ? [stage] : [];
  });
  const isOver = state.status !== 'running';
  const groups =
    isOver || ended.length > 0 ? [...(await removeTickets(unit.trx, run.id, isOver ? null : ended))] : [];
  await giveTurns(unit, groups);
  if (!isOver && run.status !== before.status) await reconsiderTurns(unit, run);
}

/** A run that begins to wait for a person, or no longer does, holds up others otherwise than before. */
export async function reconsiderTurns(unit: Unit, run: PlannedRun): Promise<void> {
  const groups = groupsOf(wholePlan(run.content.plan, run.content.state)).map(({ group }) => ({
    repositoryId: run.repositoryId,
    group,
  }));
  await giveTurns(unit, groups);
}

/** Has the turns of groups decided anew, after this transaction. */
export async function giveTurns(unit: Unit, groups: readonly Group[]): Promise<void> {
  const byName = new Map(groups.map((group) => [`${group.repositoryId} ${group.group}`, group]));
  if (byName.size === 0) return;
  await addToOutbox(unit.trx, [...byName.values()].map(turnOf), unit.at);
  unit.tell({ kind: 'outbox' });
}

const holderOf = ({ id, number, repositoryId }: PlannedRun): TicketHolder => ({
  runId: id,
  runNumber: number,
  repositoryId,
});

const turnOf = ({ repositoryId, group }: Group): StepCommand => ({ kind: 'give-turn', repositoryId, group });
