import type { DeliveryView } from '@sluice/pipelines/protocol/api';
import { sql, type ExpressionBuilder, type Kysely } from 'kysely';
import type { DeliveryStatus } from './edge-schema.ts';
import type { Schema } from './schema.ts';

export interface NewDelivery {
  readonly id: string;
  readonly provider: 'github' | 'generic';
  readonly deliveryId: string;
  readonly repositoryId: string;
  readonly event: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly receivedAt: number;
}

/** False when this delivery is here already. */
export async function storeDelivery(db: Kysely<Schema>, delivery: NewDelivery): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('deliveries')
    .values({
      id: delivery.id,
      provider: delivery.provider,
      delivery_id: delivery.deliveryId,
      repository_id: delivery.repositoryId,
      event: delivery.event,
      headers: JSON.stringify(delivery.headers),
      body: delivery.body,
      received_at: delivery.receivedAt,
      status: 'received',
      due_at: delivery.receivedAt,
      reasons: '[]',
    })
    .onConflict((conflict) => conflict.columns(['provider', 'repository_id', 'delivery_id']).doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** A copy that is worked on as if it had just come; null when there is no such delivery. */
export async function replayDelivery(
  db: Kysely<Schema>,
  id: string,
  copy: { readonly id: string; readonly at: number },
): Promise<string | null> {
  const original = await db.selectFrom('deliveries').selectAll().where('id', '=', id).executeTakeFirst();
  if (original === undefined) return null;
  await db
    .insertInto('deliveries')
    .values({
      id: copy.id,
      provider: original.provider,
      delivery_id: `${original.delivery_id}#${copy.id}`,
      repository_id: original.repository_id,
      event: original.event,
      headers: JSON.stringify(original.headers),
      body: original.body,
      received_at: copy.at,
      status: 'received',
      due_at: copy.at,
      reasons: '[]',
      replay_of: original.id,
    })
    .execute();
  return copy.id;
}

export interface ClaimedDelivery {
  readonly id: string;
  readonly provider: 'github' | 'generic';
  readonly repositoryId: string;
  readonly event: string;
  readonly body: string;
  /** Counts this one; also the proof that the claim is still ours. */
  readonly tries: number;
}

/** The oldest delivery that is due, leased to the caller until `leaseUntil`; null: nothing to do. */
export async function claimDelivery(
  db: Kysely<Schema>,
  now: number,
  leaseUntil: number,
): Promise<ClaimedDelivery | null> {
  const row = await db
    .updateTable('deliveries')
    .set((eb) => ({ tries: eb('tries', '+', 1), due_at: leaseUntil }))
    .where('id', '=', (eb) =>
      eb
        .selectFrom('deliveries')
        .select('id')
        .where('status', '=', 'received')
        .where('due_at', '<=', now)
        .orderBy('due_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returning(['id', 'provider', 'repository_id as repositoryId', 'event', 'body', 'tries'])
    .executeTakeFirst();
  return row ?? null;
}

type Claim = Pick<ClaimedDelivery, 'id' | 'tries'>;

/** Nobody has claimed it since, and it is not settled. */
const isOurs =
  ({ id, tries }: Claim) =>
  (eb: ExpressionBuilder<Schema, 'deliveries'>) =>
    eb.and({ id, tries, status: 'received' });

/** Puts the next try off, or the end of the lease; nothing happens when the claim is no longer ours. */
export async function postponeDelivery(
  db: Kysely<Schema>,
  claim: Claim,
  dueAt: number,
  reason: string | null,
): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ due_at: dueAt, ...(reason === null ? {} : { reasons: JSON.stringify([reason]) }) })
    .where(isOurs(claim))
    .execute();
}

/** Makes it due for whoever looks next, as if it had not been claimed. */
export async function handBackDelivery(db: Kysely<Schema>, claim: Claim, at: number): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ due_at: at, tries: claim.tries - 1 })
    .where(isOurs(claim))
    .execute();
}

export async function finishDelivery(
  db: Kysely<Schema>,
  claim: Claim,
  end: {
    readonly status: Exclude<DeliveryStatus, 'received'>;
    readonly reasons: readonly string[];
    /** The first of what it started. */
    readonly runId: string | null;
    readonly at: number;
  },
): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({
      status: end.status,
      reasons: JSON.stringify(end.reasons),
      run_id: end.runId,
      finished_at: end.at,
    })
    .where(isOurs(claim))
    .execute();
}

/** Newest first, received before `before`. */
export async function listDeliveries(
  db: Kysely<Schema>,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly DeliveryView[]> {
  let query = db
    .selectFrom('deliveries')
    .innerJoin('repositories', 'repositories.id', 'deliveries.repository_id')
    .select([
      'deliveries.id',
      'deliveries.provider',
      'deliveries.event',
      'repositories.full_name',
      'deliveries.received_at',
      'deliveries.status',
      'deliveries.reasons',
      runIdsOf.as('run_ids'),
    ])
    .orderBy('deliveries.received_at', 'desc')
    .orderBy('deliveries.id', 'desc')
    .limit(page.limit);
  if (page.before !== null) query = query.where('deliveries.received_at', '<', page.before);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    provider: row.provider,
    event: row.event,
    repository: row.full_name,
    receivedAt: row.received_at,
    status: row.status,
    reason: row.reasons.length === 0 ? null : row.reasons.join(' '),
    runIds: row.run_ids,
  }));
}

/** What it started, one run for each pipeline file that its event is for. */
const runIdsOf = sql<string[]>`array(
  select runs.id::text from runs where runs.delivery_id = deliveries.id::text order by runs.number)`;
