// Places in the lines of concurrency groups.
import type { GroupUse } from '@sluice/pipelines/schedule/groups-of';
import type { Ticket } from '@sluice/pipelines/schedule/decide-turns';
import { sql } from 'kysely';
import type { Database, Trx } from './database.ts';

export interface Group {
  readonly repositoryId: string;
  readonly group: string;
}

export interface TicketHolder extends Pick<Group, 'repositoryId'> {
  readonly runId: string;
  readonly runNumber: number;
}

/** Whoever makes runs of a group or gives its turn does so one at a time, so runs are seen in the order of their numbers. */
export async function lockGroup(trx: Trx, { repositoryId, group }: Group): Promise<void> {
  const name = `sluice-group ${repositoryId} ${group}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx);
}

/** Takes places for all that the run will want a turn in, or moves those there are from `ahead` to `state`. */
export async function saveTickets(
  trx: Trx,
  holder: TicketHolder,
  uses: readonly GroupUse[],
  state: 'ahead' | 'waiting',
  since: number,
): Promise<void> {
  await trx
    .insertInto('group_tickets')
    .values(
      uses.map((use) => ({
        run_id: holder.runId,
        stage: use.stage ?? '',
        repository_id: holder.repositoryId,
        group_name: use.group,
        run_number: holder.runNumber,
        state,
        when_busy: use.whenBusy,
        since,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'stage'])
        .doUpdateSet({ state, since })
        .where('group_tickets.state', '=', 'ahead'),
    )
    .execute();
}

/** All places of a group, first run first. */
export async function listTickets(db: Database, { repositoryId, group }: Group): Promise<readonly Ticket[]> {
  const rows = await db
    .selectFrom('group_tickets')
    .innerJoin('runs', 'runs.id', 'group_tickets.run_id')
    .select(['run_id', 'stage', 'group_tickets.state', 'when_busy', 'run_number', 'runs.status'])
    .where('group_tickets.repository_id', '=', repositoryId)
    .where('group_name', '=', group)
    .orderBy('run_number')
    .orderBy('stage')
    .execute();
  return rows.map((row) => ({
    runId: row.run_id,
    runNumber: row.run_number,
    stage: row.stage === '' ? null : row.stage,
    state: row.state,
    whenBusy: row.when_busy,
    waitsForPerson: row.status === 'awaiting-approval' || row.status === 'held',
  }));
}

/** What of a run waits for its turn. */
export async function listWaitingTickets(
  db: Database,
  runId: string,
): Promise<readonly (Group & { readonly stage: string | null })[]> {
  const rows = await db
    .selectFrom('group_tickets')
    .select(['stage', 'repository_id', 'group_name'])
    .where('run_id', '=', runId)
    .where('state', '=', 'waiting')
    .orderBy('stage')
    .execute();
  return rows.map((row) => ({
    repositoryId: row.repository_id,
    group: row.group_name,
    stage: row.stage === '' ? null : row.stage,
  }));
}

export async function holdTurn(trx: Trx, ticket: Pick<Ticket, 'runId' | 'stage'>): Promise<void> {
  await trx
    .updateTable('group_tickets')
    .set({ state: 'holding' })
    .where('run_id', '=', ticket.runId)
    .where('stage', '=', ticket.stage ?? '')
    .execute();
}

/** Gives back places of a run, or all of them (null); returns the groups that they were in. */
export async function removeTickets(
  trx: Trx,
  runId: string,
  stages: readonly (string | null)[] | null,
): Promise<readonly Group[]> {
  let query = trx
    .deleteFrom('group_tickets')
    .where('run_id', '=', runId)
    .returning(['repository_id as repositoryId', 'group_name as group']);
  if (stages !== null)
    query = query.where(
      'stage',
      'in',
      stages.map((stage) => stage ?? ''),
    );
  return query.execute();
}
