import type { EnvironmentConfig, EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import type { FreezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import type { Database, Trx } from './database.ts';

export async function findEnvironment(db: Database, name: string): Promise<EnvironmentConfig | null> {
  const row = await db
    .selectFrom('environments')
    .select(['name', 'target'])
    .where('name', '=', name)
    .executeTakeFirst();
  return row ?? null;
}

/** No rollout starts or ends in the environment until the transaction is over. Lock the run first. */
export async function lockEnvironment(trx: Trx, name: string): Promise<EnvironmentConfig | null> {
  const row = await trx
    .selectFrom('environments')
    .select(['name', 'target'])
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export interface StoredEnvironment extends EnvironmentConfig {
  /** Null: it is never frozen. */
  readonly freeze: FreezeRules | null;
}

export async function listEnvironments(db: Database): Promise<readonly StoredEnvironment[]> {
  return db
    .selectFrom('environments')
    .select(['name', 'target', 'freeze_rules as freeze'])
    .orderBy('name')
    .execute();
}

/** Null: it is never frozen, or is not there. */
export async function findFreeze(db: Database, name: string): Promise<FreezeRules | null> {
  const row = await db
    .selectFrom('environments')
    .select('freeze_rules as freeze')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.freeze ?? null;
}

/** False where there is no such environment. */
export async function saveFreeze(
  trx: Trx,
  environment: { readonly name: string; readonly freeze: FreezeRules; readonly at: number },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('environments')
    .set({ freeze_rules: JSON.stringify(environment.freeze), updated_at: environment.at })
    .where('name', '=', environment.name)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function saveEnvironment(
  trx: Trx,
  environment: { readonly name: string; readonly target: EnvironmentTarget; readonly at: number },
): Promise<void> {
  const changed = { target: JSON.stringify(environment.target), updated_at: environment.at };
  await trx
    .insertInto('environments')
    .values({ name: environment.name, ...changed })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(changed))
    .execute();
}
