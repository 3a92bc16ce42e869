import type { SecretView } from '@sluice/pipelines/protocol/api';
import type { Kysely } from 'kysely';
import type { ServerContext } from '../context.ts';
import type { Schema } from './schema.ts';

type Sealing = Pick<ServerContext, 'db' | 'sealer'>;

const boundTo = (project: string, name: string): string => `secret:${project}/${name}`;

/** Name → plain value, for those names that exist; the caller decides what a missing one means. */
export async function readSecrets(
  context: Sealing,
  project: string,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const [secrets] = await readSecretsOf(context, [{ project, names }]);
  return secrets ?? {};
}

export interface WantedSecrets {
  readonly project: string;
  readonly names: readonly string[];
}

/** The same for several at once, in the order of `wanted`; only what is wanted is opened. */
export async function readSecretsOf(
  { db, sealer }: Sealing,
  wanted: readonly WantedSecrets[],
): Promise<readonly Readonly<Record<string, string>>[]> {
  if (wanted.every(({ names }) => names.length === 0)) return wanted.map(() => ({}));
  const rows = await db
    .selectFrom('secrets')
    .select(['project', 'name', 'value_sealed'])
    .where('project', 'in', [...new Set(wanted.map(({ project }) => project))])
    .where('name', 'in', [...new Set(wanted.flatMap(({ names }) => names))])
    .execute();
  const sealed = new Map(rows.map((row) => [boundTo(row.project, row.name), row.value_sealed]));
  return wanted.map(({ project, names }) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const place = boundTo(project, name);
        const text = sealed.get(place);
        return text === undefined ? [] : [[name, sealer.open(text, place)]];
      }),
    ),
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

/** Those that have a secret of this name. */
export async function projectsWithSecret(db: Kysely<Schema>, name: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('secrets')
    .select('project')
    .where('name', '=', name)
    .orderBy('project')
    .execute();
  return rows.map(({ project }) => project);
}

/** Name → when it was last set, for those names that exist. */
export async function secretTimes(
  db: Kysely<Schema>,
  project: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (names.length === 0) return new Map();
  const rows = await db
    .selectFrom('secrets')
    .select(['name', 'updated_at'])
    .where('project', '=', project)
    .where('name', 'in', [...names])
    .execute();
  return new Map(rows.map((row) => [row.name, row.updated_at]));
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
