import type { DecisionView } from '@sluice/pipelines/protocol/api';
import type { Decision } from '@sluice/pipelines/rollout/rollout-state';
import type { Database, Trx } from './database.ts';
import { hashDecision } from './hash-decision.ts';

/** Adds a link to the rollout's chain. The rollout must be locked. */
export async function appendDecision(trx: Trx, rolloutId: string, decision: Decision): Promise<void> {
  const last = await trx
    .selectFrom('decisions')
    .select(['seq', 'hash'])
    .where('rollout_id', '=', rolloutId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const previousHash = last?.hash ?? null;
  await trx
    .insertInto('decisions')
    .values({
      rollout_id: rolloutId,
      seq: (last?.seq ?? 0) + 1,
      decision: JSON.stringify(decision),
      hash: hashDecision(decision, previousHash),
      previous_hash: previousHash,
    })
    .execute();
}

/** Oldest first. */
export async function listDecisions(db: Database, rolloutId: string): Promise<readonly DecisionView[]> {
  const rows = await db
    .selectFrom('decisions')
    .selectAll()
    .where('rollout_id', '=', rolloutId)
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({ ...row.decision, hash: row.hash, previousHash: row.previous_hash }));
}

/** What a voter must have seen; null while nothing was decided. */
export async function newestDecisionHash(db: Database, rolloutId: string): Promise<string | null> {
  const row = await db
    .selectFrom('decisions')
    .select('hash')
    .where('rollout_id', '=', rolloutId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.hash ?? null;
}
