import type { ActionJob, AttemptJob } from '@sluice/pipelines/protocol/queues';
import { sql } from 'kysely';
import type { Database, Trx } from './database.ts';

/** What must still be done about a committed change. Doing it twice has the effect of once. */
export type OutboxCommand = QueueCommand | StepCommand | SeekCommand;

/** Goes to Redis, which may be away. */
export type QueueCommand =
  | {
      readonly kind: 'enqueue-attempt';
      readonly job: AttemptJob;
      /** Makes it a job of its own beside the first; absent: the first. */
      readonly again?: number;
      readonly pool?: string;
    }
  | { readonly kind: 'enqueue-action'; readonly job: ActionJob };

/** Changes the database again, in a transaction of its own. */
export type StepCommand =
  | {
      readonly kind: 'start-rollout';
      readonly runId: string;
      readonly stage: string;
      readonly attempt: number;
    }
  | {
      readonly kind: 'cancel-rollout';
      readonly runId: string;
      readonly stage: string;
      readonly attempt: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'abort-rollout';
      readonly rolloutId: string;
      readonly by: string;
      readonly reason: string;
    }
  | { readonly kind: 'next-rollout'; readonly environment: string }
  | ClusterCommand
  | { readonly kind: 'freeze-changed'; readonly environment: string }
  | { readonly kind: 'give-turn'; readonly repositoryId: string; readonly group: string };

/** About one cluster of a rollout over several. */
export type ClusterCommand = {
  /** The one that leads. */
  readonly rolloutId: string;
  readonly cluster: string;
  readonly round: number;
} & (
  | { readonly kind: 'start-cluster' }
  | { readonly kind: 'return-cluster' | 'leave-cluster'; readonly by: string; readonly reason: string }
  | {
      readonly kind: 'steer-cluster';
      readonly wish: 'hold' | 'resume' | 'promote';
      /** Its number among those that people have said of all clusters. */
      readonly word: number;
      readonly by: string;
      readonly reason: string;
    }
);

/** Looks into a repository before it changes the database, so no transaction is held meanwhile. */
export interface SeekCommand {
  readonly kind: 'seek-result';
  readonly runId: string;
  readonly stage: string;
}

export const seekKinds = ['seek-result'] as const satisfies SeekCommand['kind'][];
export const queueKinds = ['enqueue-attempt', 'enqueue-action'] as const satisfies QueueCommand['kind'][];
export const stepKinds = [
  'start-rollout',
  'cancel-rollout',
  'abort-rollout',
  'next-rollout',
  'start-cluster',
  'return-cluster',
  'leave-cluster',
  'steer-cluster',
  'freeze-changed',
  'give-turn',
] as const satisfies StepCommand['kind'][];

export interface OutboxEntry<Command> {
  readonly id: number;
  readonly tries: number;
  readonly command: Command;
}

export async function addToOutbox(trx: Trx, commands: readonly OutboxCommand[], at: number): Promise<void> {
  if (commands.length === 0) return;
  await trx
    .insertInto('outbox')
    .values(commands.map((command) => ({ kind: command.kind, command: JSON.stringify(command), due_at: at })))
    .execute();
}

/** Cheaper than looking in a transaction; what comes a moment later wakes whoever asks. */
export async function isAnythingDue(
  db: Database,
  kinds: readonly OutboxCommand['kind'][],
  now: number,
): Promise<boolean> {
  const row = await db
    .selectFrom('outbox')
    .select('id')
    .where('kind', 'in', [...kinds])
    .where('due_at', '<=', now)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Due entries, oldest first, which stay: another server may look at them too. */
export async function peekIntoOutbox<Command extends OutboxCommand>(
  db: Database,
  kinds: readonly Command['kind'][],
  options: DueOptions,
): Promise<readonly OutboxEntry<Command>[]> {
  return (await dueEntries(db, kinds, options).execute()).map(entryOf<Command>);
}

/** Due entries, oldest first, that no other server has in hand; they are this transaction's until it ends. */
export async function takeFromOutbox<Command extends OutboxCommand>(
  trx: Trx,
  kinds: readonly Command['kind'][],
  options: DueOptions,
): Promise<readonly OutboxEntry<Command>[]> {
  const rows = await dueEntries(trx, kinds, options).forUpdate().skipLocked().execute();
  return rows.map(entryOf<Command>);
}

interface DueOptions {
  readonly now: number;
  readonly limit: number;
}

function dueEntries(db: Database, kinds: readonly string[], { now, limit }: DueOptions) {
  return db
    .selectFrom('outbox')
    .select(['id', 'tries', sql<string>`command::text`.as('text')])
    .where('kind', 'in', [...kinds])
    .where('due_at', '<=', now)
    .orderBy('id')
    .limit(limit);
}

function entryOf<Command extends OutboxCommand>(row: {
  readonly id: number;
  readonly tries: number;
  readonly text: string;
}): OutboxEntry<Command> {
  const command: Command = JSON.parse(row.text);
  return { id: row.id, tries: row.tries, command };
}

/**
 * Takes due entries out, oldest first, that no other server has in hand. They are gone when this transaction commits,
 * and back when it does not.
 */
export async function drainOutbox<Command extends OutboxCommand>(
  trx: Trx,
  kinds: readonly Command['kind'][],
  options: { readonly now: number; readonly limit: number },
): Promise<readonly Command[]> {
  const rows = await trx
    .with('due', (query) =>
      query
        .selectFrom('outbox')
        .select('id')
        .where('kind', 'in', [...kinds])
        .where('due_at', '<=', options.now)
        .orderBy('id')
        .limit(options.limit)
        .forUpdate()
        .skipLocked(),
    )
    .deleteFrom('outbox')
    .using('due')
    .whereRef('outbox.id', '=', 'due.id')
    .returning(['outbox.id', sql<string>`outbox.command::text`.as('text')])
    .execute();
  return rows
    .sort((a, b) => a.id - b.id)
    .map(({ text }) => {
      const command: Command = JSON.parse(text);
      return command;
    });
}

export async function removeFromOutbox(trx: Trx, ids: readonly number[]): Promise<void> {
  await trx
    .deleteFrom('outbox')
    .where('id', 'in', [...ids])
    .execute();
}

/** It failed: try again later. */
export async function postponeInOutbox(trx: Trx, id: number, tries: number, dueAt: number): Promise<void> {
  await trx.updateTable('outbox').set({ tries, due_at: dueAt }).where('id', '=', id).execute();
}
