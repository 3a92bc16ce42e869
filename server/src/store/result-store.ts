import type { Insertable } from 'kysely';
import type { Database, Trx } from './database.ts';
import type { KeptTables } from './kept-schema.ts';

export interface ResultPlace {
  readonly repositoryId: string;
  readonly stage: string;
  readonly keyHash: string;
  readonly scopes: readonly string[];
}

/** The stage begins with these inputs; nobody takes over its result before it has succeeded. */
export async function insertResult(
  trx: Trx,
  result: Omit<Insertable<KeptTables['stage_results']>, 'succeeded_at'>,
): Promise<void> {
  await trx
    .insertInto('stage_results')
    .values({ ...result, succeeded_at: null })
    .onConflict((conflict) => conflict.columns(['run_id', 'stage']).doNothing())
    .execute();
}

export async function markSucceeded(
  trx: Trx,
  runId: string,
  stages: readonly string[],
  at: number,
): Promise<void> {
  await trx
    .updateTable('stage_results')
    .set({ succeeded_at: at })
    .where('run_id', '=', runId)
    .where('stage', 'in', [...stages])
    .execute();
}

/** The run whose stage succeeded last with these inputs; null: there is none. */
export async function findResult(
  db: Database,
  { repositoryId, stage, keyHash, scopes }: ResultPlace,
): Promise<string | null> {
  const row = await db
    .selectFrom('stage_results')
    .select('run_id')
    .where('repository_id', '=', repositoryId)
    .where('stage', '=', stage)
    .where('key_hash', '=', keyHash)
    .where('scope', 'in', [...scopes])
    .where('succeeded_at', 'is not', null)
    .orderBy('succeeded_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.run_id ?? null;
}
