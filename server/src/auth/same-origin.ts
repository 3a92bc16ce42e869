import type { IncomingHttpHeaders } from 'node:http';

/** The names under which this server may be asked for with a cookie; lower case, without port. */
export type AllowedHosts = ReadonlySet<string>;

/** Where our own pages come from. */
export interface Origins {
  readonly hosts: AllowedHosts;
  /** As SLUICE_PUBLIC_URL says; null: not said. */
  readonly publicUrl: URL | null;
}

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** Loopback names, the address it listens on, and the public one. */
export function allowedHosts(listenHost: string, publicUrl: URL | null): AllowedHosts {
  const wildcards = ['0.0.0.0', '::', ''];
  const own = wildcards.includes(listenHost)
    ? []
    : [listenHost.includes(':') ? `[${listenHost}]` : listenHost];
  return new Set(
    [...loopback, ...own, ...(publicUrl === null ? [] : [publicUrl.hostname])].map((name) =>
      name.toLowerCase(),
    ),
  );
}

/** False for a name that an attacker's DNS points at this machine (DNS rebinding). */
export function isAllowedHost(host: string | undefined, allowed: AllowedHosts): boolean {
  const name = hostnameOf(`http://${host ?? ''}`);
  return name !== null && allowed.has(name);
}

/**
 * Whether a browser sent this request from one of our own pages. Browsers state the origin with every mutating
 * request and WebSocket; a request without any sign of its origin is refused.
 */
export function isSameOrigin(headers: IncomingHttpHeaders, publicUrl: URL | null): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return headers['sec-fetch-site'] === 'same-origin';
  if (publicUrl !== null && origin === publicUrl.origin) return true;
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
}

function hostnameOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null;
}
