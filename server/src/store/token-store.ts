import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
}

export async function insertToken(
  db: Kysely<Schema>,
  token: {
    readonly id: string;
    readonly name: string;
    readonly user: string;
    readonly hash: string;
    readonly at: number;
  },
): Promise<void> {
  await db
    .insertInto('api_tokens')
    .values({
      id: token.id,
      name: token.name,
      user_name: token.user,
      token_hash: token.hash,
      created_at: token.at,
    })
    .execute();
}

const useNotedEveryMs = 60_000;

/** The user of a token, and a note that it was used (at most once a minute). */
export async function findTokenUser(db: Kysely<Schema>, hash: string, now: number): Promise<string | null> {
  const row = await db
    .selectFrom('api_tokens')
    .select(['id', 'user_name', 'last_used_at'])
    .where('token_hash', '=', hash)
    .executeTakeFirst();
  if (row === undefined) return null;
  if ((row.last_used_at ?? 0) < now - useNotedEveryMs) {
    await db.updateTable('api_tokens').set({ last_used_at: now }).where('id', '=', row.id).execute();
  }
  return row.user_name;
}

export async function listTokens(db: Kysely<Schema>): Promise<readonly ApiToken[]> {
  return db
    .selectFrom('api_tokens')
    .select(['id', 'name', 'user_name as user', 'created_at as createdAt', 'last_used_at as lastUsedAt'])
    .orderBy('created_at', 'desc')
    .execute();
}

/** False when there was none. */
export async function deleteToken(db: Kysely<Schema>, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('api_tokens').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}
