// fetch towards addresses that others choose: a registry names its token server and its redirects, and must not be
// able to send us, or our credentials, to what only we can reach.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { addressClass, isLoopbackHost, withoutBrackets, type AddressClass } from './address-class.ts';
import { timeLimit } from '../time-limit.ts';

export interface GuardedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** For the whole exchange, body included. */
  readonly timeoutMs: number;
  /** `host[:port]` of the registry, which the pipeline chose. No other host may lie further inside than this one. */
  readonly registry: string;
  /** Default: GET. Anything else follows no redirect. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** Thrown when an address is refused; nothing was sent there. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError';
}

const maxRedirects = 3;

/** A request that follows at most three redirects; another origin gets no `authorization`. Rejects as `fetch` does. */
export async function guardedFetch(address: string, request: GuardedRequest): Promise<Response> {
  const signal = AbortSignal.any([request.signal, timeLimit(request.timeoutMs)]);
  const { authorization, ...plainHeaders } = request.headers;
  const { method = 'GET' } = request;
  let url = new URL(address);
  const home = url.origin;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    await refuseInnerAddress(url, request.registry);
    const mayAuthorise = url.origin === home && authorization !== undefined;
    const response = await fetch(url, {
      headers: mayAuthorise ? { ...plainHeaders, authorization } : plainHeaders,
      redirect: 'manual',
      method,
      ...(request.body !== undefined && { body: request.body }),
      signal,
    });
    const location = response.headers.get('location');
    const isRedirect = response.status >= 300 && response.status <= 399 && location !== null;
    if (!isRedirect || method === 'POST' || method === 'PUT') return response;
    await response.body?.cancel();
    url = new URL(location, url);
  }
  throw new RefusedAddressError(`${home} redirects more than ${maxRedirects} times`);
}

async function refuseInnerAddress(url: URL, registry: string): Promise<void> {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.host))) {
    throw new RefusedAddressError(`registry ${registry} sends us to ${url.origin}, which is not https`);
  }
  const registryHost = new URL(`https://${registry}`).hostname;
  if (url.hostname === registryHost) return;
  const [allowed, wanted] = await Promise.all([innermostClass(registryHost), innermostClass(url.hostname)]);
  if (depth[wanted] > depth[allowed]) {
    throw new RefusedAddressError(
      `registry ${registry} sends us to ${url.host}, which lies inside our own network`,
    );
  }
}

const depth = { public: 0, inner: 1, loopback: 2 } as const satisfies Record<AddressClass, number>;

async function innermostClass(hostname: string): Promise<AddressClass> {
  if (isLoopbackHost(hostname)) return 'loopback';
  const name = withoutBrackets(hostname);
  const addresses =
    isIP(name) === 0 ? (await lookup(name, { all: true })).map((found) => found.address) : [name];
  return addresses
    .map(addressClass)
    .reduce((inmost, one) => (depth[one] > depth[inmost] ? one : inmost), 'public');
}
