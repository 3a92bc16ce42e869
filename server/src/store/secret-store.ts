import type { SecretView } from '@sluice/pipelines/protocol/api';
import type { Kysely } from 'kysely';
import type { ServerContext } from '../context.ts';
import type { Schema } from './schema.ts';

type Sealing = Pick<ServerContext, 'db' | 'sealer'>;

const boundTo = (project: string, name: string): string => `secret:${project}/${name}`;

/** Name → plain value, for those names that exist; the caller decides what a missing one means. */
export async function readSecrets(
  { db, sealer }: Sealing,
  project: string,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  if (names.length === 0) return {};
  const rows = await db
    .selectFrom('secrets')
    .select(['name', 'value_sealed'])
    .where('project', '=', project)
    .where('name', 'in', [...names])
    .execute();
  return Object.fromEntries(
    rows.map((row) => [row.name, sealer.open(row.value_sealed, boundTo(project, row.name))]),
  );
}

export async function writeSecret(
  { db, sealer }: Sealing,
  secret: {
    readonly project: string;
    readonly name: string;
    readonly value: string;
    readonly by: string;
    readonly at: number;
  },
): Promise<void> {
  const changed = {
    value_sealed: sealer.seal(secret.value, boundTo(secret.project, secret.name)),
    updated_at: secret.at,
    updated_by: secret.by,
  };
  await db
    .insertInto('secrets')
    .values({ project: secret.project, name: secret.name, ...changed })
    .onConflict((conflict) => conflict.columns(['project', 'name']).doUpdateSet(changed))
    .execute();
}

export async function listSecrets(db: Kysely<Schema>, project: string): Promise<readonly SecretView[]> {
  return db
    .selectFrom('secrets')
    .select(['name', 'updated_at as updatedAt'])
    .where('project', '=', project)
    .orderBy('name')
    .execute();
}

/** False when there was none. */
export async function deleteSecret(db: Kysely<Schema>, project: string, name: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('secrets')
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
