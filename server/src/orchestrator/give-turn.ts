import type { RunEvent } from '@sluice/pipelines/run/run-state';
import { decideTurns, type Ticket } from '@sluice/pipelines/schedule/decide-turns';
import { isPlanned, lockRun } from '../store/run-store.ts';
import { holdTurn, listTickets, lockGroup, removeTickets, type Group } from '../store/ticket-store.ts';
import { foldRun } from './fold-run.ts';
import { giveTurns } from './turns.ts';
import type { Unit } from './unit.ts';

/** Who has cancelled or skipped what nobody asked for by name. */
const engine = 'sluice';

/**
 * Decides whose turn it is in a group, and tells the runs. The group is locked first and the runs after it, so no two
 * servers decide at once; whoever changes a run never waits for a group.
 */
export async function giveTurn(unit: Unit, group: Group): Promise<void> {
  await lockGroup(unit.trx, group);
  const { grant, cancel, skip } = decideTurns(await listTickets(unit.trx, group));
  const { at } = unit;
  for (const { ticket, newer } of cancel) {
    const reason = `${nameOf(newer)} of concurrency group "${group.group}" is newer, and cancels the older ones`;
    await tell(unit, ticket, cancelOf(ticket, reason, at));
  }
  for (const { ticket, busyWith } of skip) {
    const reason = `concurrency group "${group.group}" is busy with ${nameOf(busyWith)}, and when_busy is skip`;
    const refused: RunEvent | null =
      ticket.stage === null ? null : { kind: 'turn-refused', stage: ticket.stage, reason, at };
    await tell(unit, ticket, refused ?? cancelOf(ticket, reason, at));
  }
  if (grant === null) return;
  await holdTurn(unit.trx, grant);
  const isTold = await tell(unit, grant, { kind: 'turn-granted', stage: grant.stage, at });
  if (!isTold) {
    // It no longer waits: its place must not stop the others.
    await removeTickets(unit.trx, grant.runId, [grant.stage]);
    await giveTurns(unit, [group]);
  }
}

/** False when the event changed nothing. */
async function tell(unit: Unit, ticket: Ticket, event: RunEvent): Promise<boolean> {
  const run = await lockRun(unit.trx, ticket.runId);
  if (run === null || !isPlanned(run)) return false;
  return (await foldRun(unit, run, [event])) !== run;
}

const cancelOf = ({ stage }: Ticket, reason: string, at: number): RunEvent =>
  stage === null
    ? { kind: 'cancel-requested', by: engine, reason, at }
    : { kind: 'stage-cancel-requested', stage, by: engine, reason, at };

export const nameOf = ({ runNumber, stage }: Ticket): string =>
  stage === null ? `run #${runNumber}` : `stage ${stage} of run #${runNumber}`;
