import { setTimeout as sleep } from 'node:timers/promises';
import { serverCounters } from '../../metrics/haproxy-statistics.ts';
import { proxyFiles } from './haproxy-process.ts';
import { chosen } from './haproxy-backends.ts';
import { drainServers, proxyPid, runningServers, setStates, showStatistics } from './haproxy-socket.ts';
import { serverName, type ServiceContainer } from './service-containers.ts';

/** Longer than this no action waits for requests that are under way; what remains gets the SIGTERM grace. */
const longestDrainMs = 20_000;

/** No new requests for these containers; resolves when those under way have ended, or after `drainMs`. */
export async function drainContainers(
  folder: string,
  containers: readonly ServiceContainer[],
  drainMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { socket } = proxyFiles(folder);
  if ((await proxyPid(socket)) === null) return;
  const known = new Set((await runningServers(socket)).map(({ name }) => name));
  const names = new Set(containers.map(serverName).filter((name) => known.has(name)));
  await drainServers(socket, [...names]);
  const alone = (await runningServers(socket, chosen)).filter(
    ({ name, isOpen }) => isOpen && names.has(name),
  );
  const aloneNames = alone.map(({ name }) => name);
  await setStates(socket, chosen, aloneNames, 'maint');
  const until = performance.now() + Math.min(drainMs, longestDrainMs);
  while (performance.now() < until && (await hasRequests(socket, names))) {
    await sleep(50, undefined, { signal });
  }
}

async function hasRequests(socket: string, names: ReadonlySet<string>): Promise<boolean> {
  const counters = serverCounters(await showStatistics(socket));
  return counters.some((server) => names.has(server.name) && server.underWay > 0);
}
