import { z } from 'zod';
import { parseAuthChallenge } from './auth-challenge.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { readLimited } from './read-limited.ts';

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * The `authorization` that answers a 401: HTTP basic, or a token of the server that the registry names. Null: not with
 * the credentials we have. Rejects as `guardedFetch` does.
 */
export async function authorise(
  refused: Response,
  request: {
    readonly registry: string;
    readonly credentials: RegistryCredentials | null;
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
  },
): Promise<string | null> {
  const challenge = parseAuthChallenge(refused.headers.get('www-authenticate'));
  const basic = request.credentials === null ? null : basicAuthorization(request.credentials);
  if (challenge === null) return null;
  if (challenge.scheme === 'basic') return basic;

  const realm = new URL(challenge.realm);
  if (challenge.service !== null) realm.searchParams.set('service', challenge.service);
  if (challenge.scope !== null) realm.searchParams.set('scope', challenge.scope);
  const response = await guardedFetch(realm.href, {
    headers: { accept: 'application/json', ...(basic === null ? {} : { authorization: basic }) },
    signal: request.signal,
    timeoutMs: request.timeoutMs,
    registry: request.registry,
  });
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) throw new Error(`its token server ${realm.host} answered ${response.status}`);
  const answer = tokenAnswer.parse(
    JSON.parse(Buffer.from(await readLimited(response, maxTokenBytes)).toString()),
  );
  const token = answer.token ?? answer.access_token;
  return token === undefined ? null : `Bearer ${token}`;
}

const maxTokenBytes = 1024 * 1024;
const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

function basicAuthorization({ username, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
