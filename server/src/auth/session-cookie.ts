export const sessionCookieName = 'sluice_session';
export const sessionLifetimeMs = 30 * 24 * 3_600_000;

/** The session's id, or null; of several cookies of this name the first counts. */
export function readSessionCookie(header: string | undefined): string | null {
  for (const part of (header ?? '').split(';')) {
    const [name, ...value] = part.split('=');
    if (name?.trim() === sessionCookieName) return value.join('=').trim();
  }
  return null;
}

/** Value of a Set-Cookie header; an empty id removes the cookie. */
export function sessionCookie(id: string, isSecure: boolean): string {
  const maxAge = id === '' ? 0 : sessionLifetimeMs / 1_000;
  const cookie = `${sessionCookieName}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}`;
  return isSecure ? `${cookie}; Secure` : cookie;
}
