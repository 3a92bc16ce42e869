import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { ServerContext } from '../context.ts';
import { storeDelivery } from '../store/delivery-store.ts';
import { findHookSecret } from '../store/repository-store.ts';
import { isSignedBy } from './signature.ts';
import { vendors, type Provider, type WebhookVendor } from './vendors.ts';

export type Reception =
  | { readonly kind: 'stored'; readonly id: string }
  | { readonly kind: 'duplicate' }
  /** An unknown repository and a wrong signature look the same from outside. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'malformed'; readonly message: string };

/** Believes nothing before the signature fits, and answers nothing before the delivery is stored. */
export async function receiveDelivery(
  context: Pick<ServerContext, 'db' | 'sealer' | 'newId' | 'now'>,
  provider: Provider,
  headers: IncomingHttpHeaders,
  rawBody: Uint8Array,
): Promise<Reception> {
  const vendor: WebhookVendor = vendors[provider];
  const body = jsonText(headers, rawBody);
  const payload = parseJson(body);
  if (payload === undefined) return { kind: 'malformed', message: 'The body is not JSON.' };
  const deliveryId = headers[vendor.deliveryIdHeader];
  if (typeof deliveryId !== 'string' || !/^[\w.:-]{1,200}$/.test(deliveryId)) {
    return {
      kind: 'malformed',
      message: `The header ${vendor.deliveryIdHeader} must name the delivery: up to 200 letters, digits and .:_-`,
    };
  }
  const repositoryId = await verify(context, provider, headers, rawBody, payload);
  if (repositoryId === null) return { kind: 'refused' };
  const id = context.newId();
  const isNew = await storeDelivery(context.db, {
    id,
    provider,
    deliveryId,
    repositoryId,
    event: vendor.event(headers, payload).slice(0, 100),
    headers: keep(headers, vendor.keptHeaders),
    body,
    receivedAt: context.now(),
  });
  return isNew ? { kind: 'stored', id } : { kind: 'duplicate' };
}

/** The id of the repository whose hook secret signed the body. */
async function verify(
  context: Pick<ServerContext, 'db' | 'sealer'>,
  provider: Provider,
  headers: IncomingHttpHeaders,
  rawBody: Uint8Array,
  payload: unknown,
): Promise<string | null> {
  const vendor = vendors[provider];
  const name = vendor.repository(payload);
  const known = name === null ? null : await findHookSecret(context, provider, name);
  const signature = headers[vendor.signatureHeader];
  // A secret nobody knows keeps the work, and so the time, the same for a repository that is not here.
  const secret = known?.hookSecret ?? randomBytes(32).toString('hex');
  const isGood = isSignedBy(secret, rawBody, typeof signature === 'string' ? signature : undefined);
  return isGood && known !== null ? known.repositoryId : null;
}

/** A GitHub hook may send JSON, or a form whose field `payload` is JSON. */
function jsonText(headers: IncomingHttpHeaders, rawBody: Uint8Array): string {
  const text = Buffer.from(rawBody).toString('utf8');
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  return isForm ? (new URLSearchParams(text).get('payload') ?? '') : text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function keep(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value.slice(0, 500)]] : [];
    }),
  );
}
