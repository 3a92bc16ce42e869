import type { EnvironmentConfig, EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
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

export async function listEnvironments(db: Database): Promise<readonly EnvironmentConfig[]> {
  return db.selectFrom('environments').select(['name', 'target']).orderBy('name').execute();
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
