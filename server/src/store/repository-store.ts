import type { RepositoryConfig } from '@sluice/pipelines/protocol/api';
import { sql, type Kysely, type Selectable } from 'kysely';
import { z } from 'zod';
import type { Sealer, ServerContext } from '../context.ts';
import type { EdgeTables } from './edge-schema.ts';
import type { Schema } from './schema.ts';

export interface Repository {
  readonly id: string;
  readonly project: string;
  readonly fullName: string;
  readonly provider: 'github' | 'generic';
  readonly cloneUrl: string;
  readonly defaultBranch: string;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  readonly trusted: boolean;
  /** Every project may use its templates. */
  readonly shared: boolean;
}

type Sealing = Pick<ServerContext, 'db' | 'sealer'>;
type Row = Selectable<EdgeTables['repositories']>;

export async function findRepository({ db, sealer }: Sealing, id: string): Promise<Repository | null> {
  const row = await db.selectFrom('repositories').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : repositoryOf(row, sealer);
}

/** By id. */
export async function findRepositories(
  { db, sealer }: Sealing,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Repository>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('repositories')
    .selectAll()
    .where(sql<boolean>`id = any(${[...new Set(ids)]})`)
    .execute();
  return new Map(rows.map((row) => [row.id, repositoryOf(row, sealer)]));
}

/** Upper and lower case make no difference, as at the forges. */
export async function findRepositoryByName(
  { db, sealer }: Sealing,
  fullName: string,
): Promise<Repository | null> {
  const row = await selectByName(db, fullName);
  return row === undefined ? null : repositoryOf(row, sealer);
}

/**
 * The repository in which `address` (`org/templates/node-ci.yml`) names a file and that the repository `userId` may
 * use: of the same project, or shared. Null: there is none, or it may not; nobody is told which.
 */
export async function findTemplateRepository(
  { db, sealer }: Sealing,
  userId: string,
  address: string,
): Promise<Repository | null> {
  const parts = address.toLowerCase().split('/');
  const names = parts.slice(2).map((_, index) => parts.slice(0, index + 2).join('/'));
  const row = await db
    .selectFrom('repositories')
    .selectAll()
    .where(sql<boolean>`lower(full_name) = any(${names})`)
    .where((eb) =>
      eb.or([
        eb('shared', '=', true),
        eb(
          'project',
          '=',
          eb.selectFrom('repositories as user').select('user.project').where('user.id', '=', userId),
        ),
      ]),
    )
    .orderBy(sql`length(full_name)`, 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : repositoryOf(row, sealer);
}

/** The secret that checks the signatures of a repository's deliveries. */
export async function findHookSecret(
  { db, sealer }: Sealing,
  provider: Repository['provider'],
  fullName: string,
): Promise<{ readonly repositoryId: string; readonly hookSecret: string } | null> {
  const row = await selectByName(db, fullName);
  if (row === undefined || row.provider !== provider) return null;
  return { repositoryId: row.id, hookSecret: sealer.open(row.hook_secret_sealed, hookSecretOf(row.id)) };
}

export async function listRepositories({ db, sealer }: Sealing): Promise<readonly Repository[]> {
  const rows = await db.selectFrom('repositories').selectAll().orderBy('full_name').execute();
  return rows.map((row) => repositoryOf(row, sealer));
}

/** Makes the repository or replaces everything about the one of this name; its id stays. */
export async function saveRepository(
  { db, sealer }: Sealing,
  config: RepositoryConfig,
  made: { readonly id: string; readonly at: number },
): Promise<{ readonly id: string }> {
  const existing = await selectByName(db, config.fullName);
  const id = existing?.id ?? made.id;
  const changed = {
    project: config.project,
    full_name: config.fullName,
    provider: config.provider,
    clone_url: config.cloneUrl,
    default_branch: config.defaultBranch,
    hook_secret_sealed: sealer.seal(config.hookSecret, hookSecretOf(id)),
    credentials_sealed:
      config.credentials === null ? null : sealer.seal(JSON.stringify(config.credentials), credentialsOf(id)),
    trusted: config.trusted,
    shared: config.shared,
    updated_at: made.at,
  };
  if (existing !== undefined) {
    await db.updateTable('repositories').set(changed).where('id', '=', id).execute();
  } else {
    await db
      .insertInto('repositories')
      .values({ id, ...changed, created_at: made.at })
      .execute();
  }
  return { id };
}

const hookSecretOf = (id: string): string => `hook-secret:${id}`;
const credentialsOf = (id: string): string => `credentials:${id}`;
const credentials = z.object({ username: z.string(), password: z.string() });

async function selectByName(db: Kysely<Schema>, fullName: string): Promise<Row | undefined> {
  return db
    .selectFrom('repositories')
    .selectAll()
    .where(sql`lower(full_name)`, '=', fullName.toLowerCase())
    .executeTakeFirst();
}

function repositoryOf(row: Row, sealer: Sealer): Repository {
  return {
    id: row.id,
    project: row.project,
    fullName: row.full_name,
    provider: row.provider,
    cloneUrl: row.clone_url,
    defaultBranch: row.default_branch,
    credentials:
      row.credentials_sealed === null
        ? null
        : credentials.parse(JSON.parse(sealer.open(row.credentials_sealed, credentialsOf(row.id)))),
    trusted: row.trusted,
    shared: row.shared,
  };
}
