import { chooseWeights } from './choose-weights.ts';
import { chosen } from './haproxy-backends.ts';
import type { ChosenRequests, ProxyConfig, ProxyServer } from './haproxy-config.ts';
import { ensureProxy, proxyFiles } from './haproxy-process.ts';
import { runningServers, setStates, setWeights } from './haproxy-socket.ts';
import { otherContainers, stableContainers, type OpenService } from './open-service.ts';
import { serverName, type ServiceContainer } from './service-containers.ts';

/**
 * Makes the proxy run with exactly the containers that exist and the weights that are remembered: starts it when
 * it is dead, replaces its process when servers have come or gone, and otherwise only changes weights and whether
 * requests are chosen.
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
  if (config.chosen === null) return;
  const { isOn } = config.chosen;
  const others = (await runningServers(files.socket, chosen)).filter(({ isOpen }) => isOpen !== isOn);
  const names = others.map(({ name }) => name);
  await setStates(files.socket, chosen, names, isOn ? 'ready' : 'maint');
}

export function proxyConfig(service: OpenService, socket: string): ProxyConfig {
  const { listenHost, listenPort, health } = service.state;
  const servers = proxyServers(service);
  return { socket, listenHost, listenPort, health, servers, chosen: chosenRequests(service) };
}

/** None for a colour without containers. */
function chosenRequests({ state, containers }: OpenService): ChosenRequests | null {
  const requests = state.chosen;
  if (requests === undefined || requests.match.length === 0) return null;
  return containers.some(({ colour }) => colour === requests.colour) ? requests : null;
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
