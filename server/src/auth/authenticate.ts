import type { IncomingMessage } from 'node:http';
import type { ServerContext } from '../context.ts';
import { findSessionUser } from '../store/session-store.ts';
import { findTokenUser } from '../store/token-store.ts';
import { isAllowedHost, isSameOrigin, type Origins } from './same-origin.ts';
import { readSessionCookie } from './session-cookie.ts';
import { hashToken } from './token.ts';

export type Identity =
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'nobody' }
  /** A good cookie, sent by a page that is not ours. */
  | { readonly kind: 'foreign' };

export interface Doorkeeper {
  /** A cookie counts only from our own page when the request changes something or opens a WebSocket. */
  readonly identify: (request: IncomingMessage) => Promise<Identity>;
  /** The user's name, for a WebSocket upgrade. */
  readonly authenticate: (request: IncomingMessage) => Promise<string | null>;
}

export function createDoorkeeper(
  { db, now }: Pick<ServerContext, 'db' | 'now'>,
  { hosts, publicUrl }: Origins,
): Doorkeeper {
  async function identify(request: IncomingMessage): Promise<Identity> {
    const token = readBearer(request);
    if (token !== null) return userOrNobody(await findTokenUser(db, hashToken(token), now()));
    const session = readSessionCookie(request.headers.cookie);
    if (session === null) return { kind: 'nobody' };
    const user = await findSessionUser(db, hashToken(session), now());
    if (user === null) return { kind: 'nobody' };
    const isTrusted =
      isAllowedHost(request.headers.host, hosts) &&
      (isReadOnly(request) || isSameOrigin(request.headers, publicUrl));
    return isTrusted ? { kind: 'user', user } : { kind: 'foreign' };
  }

  return {
    identify,
    authenticate: async (request) => {
      const identity = await identify(request);
      return identity.kind === 'user' ? identity.user : null;
    },
  };
}

/** The token of `Authorization: Bearer <token>`, or null. */
export function readBearer(request: IncomingMessage): string | null {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

const userOrNobody = (user: string | null): Identity =>
  user === null ? { kind: 'nobody' } : { kind: 'user', user };

const isReadOnly = (request: IncomingMessage): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') && request.headers.upgrade === undefined;
