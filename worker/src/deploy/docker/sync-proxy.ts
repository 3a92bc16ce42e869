import { chooseWeights } from './choose-weights.ts';
import { type ProxyConfig, type ProxyServer } from './haproxy-config.ts';
import { ensureProxy, proxyFiles } from './haproxy-process.ts';
import { runningServers, setWeights } from './haproxy-socket.ts';
import { otherContainers, stableContainers, type OpenService } from './open-service.ts';
import { serverName, type ServiceContainer } from './service-containers.ts';

/**
 * Makes the proxy run with exactly the containers that exist and the weights that are remembered: starts it when
 * it is dead, replaces its process when servers have come or gone, and otherwise only changes weights.
 */
export async function syncProxy(command: string, service: OpenService): Promise<void> {
  const files = proxyFiles(service.folder);
  const config = proxyConfig(service, files.socket);
  if (await ensureProxy(command, files, config)) return;
  const running = new Map((await runningServers(files.socket)).map((server) => [server.name, server.weight]));
  await setWeights(
    files.socket,
    config.servers.filter(({ name, weight }) => running.get(name) !== weight),
  );
}

export function proxyConfig(service: OpenService, socket: string): ProxyConfig {
  const { listenHost, listenPort, health } = service.state;
  return { socket, listenHost, listenPort, health, servers: proxyServers(service) };
}

function proxyServers(service: OpenService): readonly ProxyServer[] {
  const stable = stableContainers(service);
  const other = otherContainers(service);
  const weights = chooseWeights(service.state.canaryPercent, stable.length, other.length);
  return [...weighted(stable, weights.stable), ...weighted(other, weights.canary)];
}

function weighted(
  containers: readonly ServiceContainer[],
  weights: readonly number[],
): readonly ProxyServer[] {
  return containers.map((container, index) => ({
    name: serverName(container),
    colour: container.colour,
    host: '127.0.0.1',
    port: container.hostPort,
    weight: weights[index] ?? 0,
  }));
}
