import type { ServerContext } from '../context.ts';
import { insertLoginLink, insertSession, takeLoginLink } from '../store/session-store.ts';
import { findTokenUser, insertToken } from '../store/token-store.ts';
import { sessionLifetimeMs } from './session-cookie.ts';
import { hashToken, newToken } from './token.ts';

const linkLifetimeMs = 24 * 3_600_000;
export const adminUser = 'admin';

type Doors = Pick<ServerContext, 'db' | 'now' | 'newId'>;

/** Path and query of a link that signs the administrator in once, within 24 hours. */
export async function createLoginLink({ db, now }: Doors): Promise<string> {
  const token = newToken();
  await insertLoginLink(db, { hash: hashToken(token), user: adminUser, expiresAt: now() + linkLifetimeMs });
  return `/login?token=${token}`;
}

/** Opens a session for the token of a login link (once) or an API token; null when it is neither. */
export async function signIn(
  { db, now }: Doors,
  token: string,
): Promise<{ readonly user: string; readonly sessionId: string } | null> {
  const hash = hashToken(token);
  const user = (await takeLoginLink(db, hash, now())) ?? (await findTokenUser(db, hash, now()));
  if (user === null) return null;
  const sessionId = newToken();
  await insertSession(db, {
    idHash: hashToken(sessionId),
    user,
    at: now(),
    expiresAt: now() + sessionLifetimeMs,
  });
  return { user, sessionId };
}

/** A new API token; it cannot be shown again. */
export async function createApiToken(
  { db, now, newId }: Doors,
  name: string,
  user: string,
): Promise<{ readonly id: string; readonly token: string }> {
  const token = newToken();
  const id = newId();
  await insertToken(db, { id, name, user, hash: hashToken(token), at: now() });
  return { id, token };
}
