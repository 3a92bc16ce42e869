import Docker from 'dockerode';

/** `host`: `unix:///path`, `tcp://host:port` or `https://host:port`; nothing is contacted yet. */
export function connectDocker(host: string): Docker {
  if (host.startsWith('unix://')) return new Docker({ socketPath: host.slice('unix://'.length) });
  const url = new URL(host.replace(/^tcp:/, 'http:'));
  const protocol = url.protocol === 'https:' ? 'https' : 'http';
  return new Docker({ host: url.hostname, port: Number(url.port || 2375), protocol });
}

/** An engine on this host sees the worker's folders; another one gets copies. */
export function isLocalEngine(host: string): boolean {
  return host.startsWith('unix://');
}
