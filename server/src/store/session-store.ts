import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

export async function insertSession(
  db: Kysely<Schema>,
  session: {
    readonly idHash: string;
    readonly user: string;
    readonly at: number;
    readonly expiresAt: number;
  },
): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at', '<=', session.at).execute();
  await db
    .insertInto('sessions')
    .values({
      id_hash: session.idHash,
      user_name: session.user,
      created_at: session.at,
      expires_at: session.expiresAt,
    })
    .execute();
}

export async function findSessionUser(
  db: Kysely<Schema>,
  idHash: string,
  now: number,
): Promise<string | null> {
  const row = await db
    .selectFrom('sessions')
    .select('user_name')
    .where('id_hash', '=', idHash)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row?.user_name ?? null;
}

export async function deleteSession(db: Kysely<Schema>, idHash: string): Promise<void> {
  await db.deleteFrom('sessions').where('id_hash', '=', idHash).execute();
}

export async function insertLoginLink(
  db: Kysely<Schema>,
  link: { readonly hash: string; readonly user: string; readonly expiresAt: number },
): Promise<void> {
  await db
    .insertInto('login_links')
    .values({ token_hash: link.hash, user_name: link.user, expires_at: link.expiresAt })
    .execute();
}

/** The user of a link that is still good, which it is only once: of two at the same time, one gets null. */
export async function takeLoginLink(db: Kysely<Schema>, hash: string, now: number): Promise<string | null> {
  const row = await db
    .deleteFrom('login_links')
    .where('token_hash', '=', hash)
    .returning(['user_name', 'expires_at'])
    .executeTakeFirst();
  return row !== undefined && row.expires_at > now ? row.user_name : null;
}
