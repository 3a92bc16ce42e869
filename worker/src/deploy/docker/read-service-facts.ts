import type Docker from 'dockerode';
import type {
  ChosenTraffic,
  RouterAbilities,
  SideFacts,
  TargetFacts,
} from '@sluice/pipelines/rollout/rollout-state';
import { nothingChosen } from '@sluice/pipelines/rollout/traffic';
import { shareOf } from './choose-weights.ts';
import { containerProblem } from './container-problem.ts';
import { proxyFiles } from './haproxy-process.ts';
import { chosen } from './haproxy-backends.ts';
import { structureOf } from './haproxy-config.ts';
import { runningProxy, runningServers, type RunningServer } from './haproxy-socket.ts';
import { otherContainers, stableContainers, type OpenService } from './open-service.ts';
import { probeHealth } from './probe-health.ts';
import { serverName, type ServiceContainer } from './service-containers.ts';
import { proxyConfig } from './sync-proxy.ts';

/** HAProxy mirrors through an agent beside it (SPOE) alone, and no such agent is kept by anybody. */
export const haproxyAbilities: RouterAbilities = {
  router: 'haproxy',
  match: ['header', 'cookie', 'query'],
  mirror: false,
};

export interface Expected {
  readonly version: string;
  readonly replicas: number;
}

/** What runs, and how the running proxy shares traffic. A replica is ready when we and the proxy find it healthy. */
export async function readServiceFacts(
  docker: Docker,
  service: OpenService,
  expected: Expected,
): Promise<TargetFacts> {
  const { socket } = proxyFiles(service.folder);
  const proxy = await runningProxy(socket);
  const servers = proxy === null ? [] : await runningServers(socket);
  const stable = stableContainers(service);
  const canary = otherContainers(service).filter(({ version }) => version === expected.version);
  const weightsOf = (containers: readonly ServiceContainer[]): readonly number[] =>
    containers.map((container) => openWeight(servers, container));
  const share = shareOf(weightsOf(stable), weightsOf(otherContainers(service)));
  const side = (containers: readonly ServiceContainer[], replicas: number, percent: number) =>
    sideFacts(docker, service, servers, containers, replicas, percent);
  const isNew = stable[0]?.version === expected.version;
  return {
    stable: await side(stable, isNew ? expected.replicas : stable.length, share === null ? 0 : 100 - share),
    canary: await side(canary, expected.replicas, share ?? 0),
    weightStepPercent: 1,
    can: haproxyAbilities,
    traffic: proxy === null ? nothingChosen : await chosenTraffic(service, socket, proxy.structure),
    address: `http://${service.state.listenHost}:${service.state.listenPort}`,
  };
}

/** What the running proxy was prepared for stands in its structure; its servers tell whether it is so. */
async function chosenTraffic(
  service: OpenService,
  socket: string,
  structure: string | null,
): Promise<ChosenTraffic> {
  const config = proxyConfig(service, socket);
  if (config.chosen === null || structure !== structureOf(config)) return nothingChosen;
  const isOn = (await runningServers(socket, chosen)).some(({ isOpen }) => isOpen);
  return isOn ? { match: config.chosen.match, mirrorPercent: 0 } : nothingChosen;
}

function openWeight(servers: readonly RunningServer[], container: ServiceContainer): number {
  const server = servers.find(({ name }) => name === serverName(container));
  return server?.isOpen === true ? server.weight : 0;
}

async function sideFacts(
  docker: Docker,
  service: OpenService,
  servers: readonly RunningServer[],
  containers: readonly ServiceContainer[],
  replicas: number,
  weightPercent: number,
): Promise<SideFacts | null> {
  const [first] = containers;
  if (first === undefined) return null;
  const readiness = await Promise.all(
    containers.map(async (container) => ({
      container,
      isReady:
        (servers.find(({ name }) => name === serverName(container))?.isUp ?? false) &&
        (await probeHealth(container.hostPort, service.state.health[container.colour])),
    })),
  );
  const unready = readiness.filter(({ isReady }) => !isReady).map(({ container }) => container);
  return {
    version: first.version,
    image: first.image,
    replicas,
    ready: containers.length - unready.length,
    weightPercent: Math.round(weightPercent * 1_000) / 1_000,
    problem: await containerProblem(docker, unready),
  };
}
