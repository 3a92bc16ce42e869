// The proxies and containers of all services on this host, for the worker's start and for the end of the product.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../deploy-problem.ts';
import { proxyFiles, stopProxy } from './haproxy-process.ts';
import { openService, type ServicePlace } from './open-service.ts';
import { listContainers, removeContainers } from './service-containers.ts';
import type { ServiceName } from './service-labels.ts';
import { readServiceState, removeServiceFolder, serviceFolder, type ServiceState } from './service-state.ts';
import { settleProxy } from './settle-proxy.ts';
import { syncProxy } from './sync-proxy.ts';

/**
 * Brings back the proxy of every service that has containers; call it at the worker's start, before any action.
 * Returns one message for each that could not be brought back.
 */
export async function ensureProxies(
  place: ServicePlace & { readonly haproxy: string },
): Promise<readonly string[]> {
  const states = await listServices(place.dataDir);
  const problems = await Promise.all(
    states.map(async (state) => {
      try {
        const service = await openService(place, { ...state, health: state.health.a });
        await settleProxy(proxyFiles(service.folder));
        if (service.containers.length > 0) await syncProxy(place.haproxy, service);
        return [];
      } catch (error) {
        return [`The proxy of service "${state.service}" is not running: ${messageOf(error)}`];
      }
    }),
  );
  return problems.flat();
}

/** Stops the proxy and removes every container of a service; what is already gone is no error. */
export async function removeService(place: ServicePlace, name: ServiceName, graceSeconds = 5): Promise<void> {
  const folder = serviceFolder(place.dataDir, name.service);
  await stopProxy(proxyFiles(folder));
  await removeContainers(place.docker, await listContainers(place.docker, name), graceSeconds);
  await removeServiceFolder(folder);
}

/** Removes every service of an installation that was deployed from this data directory. */
export async function removeServices(place: ServicePlace, installation: string): Promise<void> {
  const states = await listServices(place.dataDir);
  const ours = states.filter((state) => state.installation === installation);
  await Promise.all(ours.map(({ service }) => removeService(place, { installation, service })));
}

/** Every service that was deployed from this data directory, of any installation. */
export async function listServices(dataDir: string): Promise<readonly ServiceState[]> {
  const folder = join(dataDir, 'proxy');
  const names = await readdir(folder).catch(() => []);
  const states = await Promise.all(names.map((name) => readServiceState(join(folder, name))));
  return states.flatMap((state) => state ?? []);
}
