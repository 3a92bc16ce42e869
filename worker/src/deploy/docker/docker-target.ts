import type Docker from 'dockerode';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { PlaceTarget } from '@sluice/pipelines/protocol/environment';
import type { ActionClaim } from '@sluice/pipelines/protocol/worker-api';
import type { TargetFacts, Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { matchInWords, nothingChosen } from '@sluice/pipelines/rollout/traffic';
import { observeProxy } from '../../metrics/observe-proxy.ts';
import type { ActionContext, DeployTarget } from '../deploy-target.ts';
import {
  missingContainer,
  serviceTaken,
  noPrometheus,
  notDeployed,
  notPromoted,
  alreadyRetired,
  stableNotReady,
} from './docker-problems.ts';
import { drainContainers } from './drain-servers.ts';
import { checkProxyCommand, proxyFiles, stopProxy } from './haproxy-process.ts';
import {
  canaryColour,
  openService,
  otherContainers,
  stableContainers,
  type NewService,
  type OpenService,
} from './open-service.ts';
import { provideImage } from './provide-image.ts';
import { haproxyAbilities, readServiceFacts } from './read-service-facts.ts';
import {
  removeContainers,
  startStopped,
  stopContainers,
  type ServiceContainer,
} from './service-containers.ts';
import { removeServiceFolder, writeServiceState, type ServiceState } from './service-state.ts';
import { startContainers, type ContainerLimits } from './start-containers.ts';
import { syncProxy } from './sync-proxy.ts';
import { checkTraffic } from '../traffic-problem.ts';

export interface DockerParts {
  readonly docker: Docker;
  readonly dataDir: string;
  /** Command that runs HAProxy 2.6 or later. */
  readonly haproxy: string;
  readonly limits: ContainerLimits;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type DockerEnvironment = Extract<PlaceTarget, { kind: 'docker' }>;

/** Seconds between SIGTERM and SIGKILL of a container that is retired. */
const graceSeconds = 10;

/**
 * Containers in two colours on one Docker engine behind an HAProxy of their own. One colour is the stable one; a
 * new version gets the other. Promoting moves all traffic and leaves the old containers as they are, so that
 * rolling back is a change of weights until the old side is retired.
 */
export function dockerTarget(
  claim: ActionClaim,
  environment: DockerEnvironment,
  parts: DockerParts,
  { say, signal }: ActionContext,
): DeployTarget {
  const { spec } = claim;
  const container = spec.work.container;
  if (container === null) throw missingContainer(spec.environment);
  const fresh: NewService = {
    installation: claim.installation,
    environment: spec.environment,
    service: environment.service,
    listenHost: environment.listenHost,
    listenPort: environment.listenPort,
    health: container.health,
  };

  const open = async (): Promise<OpenService> => {
    const service = await openService(parts, fresh);
    if (service.state.environment === spec.environment) return service;
    throw serviceTaken(environment.service, service.state.environment);
  };
  const factsOf = (service: OpenService): Promise<TargetFacts> =>
    readServiceFacts(parts.docker, service, { version: spec.version, replicas: container.replicas });
  /** Remembers first, then makes it so: who comes after a crash continues from what was remembered. */
  const apply = async (service: OpenService, change: Partial<ServiceState>): Promise<OpenService> => {
    const state = { ...service.state, ...change };
    await writeServiceState(service.folder, state);
    const changed = { ...service, state };
    await syncProxy(parts.haproxy, changed);
    return changed;
  };
  const newContainers = (service: OpenService): readonly ServiceContainer[] =>
    otherContainers(service).filter(({ version }) => version === spec.version);
  const isRetired = (service: OpenService): boolean => stableContainers(service)[0]?.version === spec.version;
  const remove = async (service: OpenService, gone: readonly ServiceContainer[]): Promise<OpenService> => {
    if (gone.length === 0) return service;
    await drainContainers(service.folder, gone, spec.work.drainMs, signal);
    await removeContainers(parts.docker, gone, graceSeconds);
    say(`Removed ${counted(gone.length)} of version ${gone[0]?.version ?? ''}.`);
    const left = await open();
    await syncProxy(parts.haproxy, left);
    return left;
  };
  const shift = async ({ percent, match }: Traffic): Promise<TargetFacts> => {
    const service = await open();
    if (isRetired(service)) return factsOf(service);
    if (newContainers(service).length === 0) throw notDeployed(spec.version);
    await syncProxy(parts.haproxy, service);
    const facts = await factsOf(service);
    const ready = facts.canary?.ready ?? 0;
    const isOn = match.length > 0;
    const isMore = percent > service.state.canaryPercent || (isOn && service.state.chosen?.isOn !== true);
    if (isMore && ready < container.replicas) {
      say(`Traffic stays as it is: ${ready} of ${container.replicas} new containers are ready.`);
      return facts;
    }
    // What the proxy is prepared for stays, so that turning it on and off is no reload.
    const chosen = { ...turnedOff(service.state), ...(isOn ? { match, isOn } : {}) };
    const after = await factsOf(await apply(service, { canaryPercent: percent, chosen }));
    const alone = isOn ? `, and all ${matchInWords(match)}` : '';
    say(`${after.canary?.weightPercent ?? 0} % of the traffic goes to version ${spec.version}${alone}.`);
    return after;
  };

  const pull = async (): Promise<void> => {
    const isPulled = await provideImage(parts.docker, spec.image, claim.registryCredentials, signal);
    if (isPulled) say(`Pulled ${spec.image}.`);
  };

  /** Two versions never run at once: the new one goes before the old one starts. */
  const startOldAgain = async (service: OpenService): Promise<TargetFacts> => {
    const back = await apply(service, { canaryPercent: 0, chosen: turnedOff(service.state) });
    const alone = await remove(back, otherContainers(back));
    const stopped = stableContainers(alone).filter(({ isRunning }) => !isRunning);
    await startStopped(parts.docker, stopped);
    if (stopped.length > 0) say(`Started ${counted(stopped.length)} of the old version again.`);
    return factsOf(await open());
  };

  const removeEverything = async (service: OpenService): Promise<TargetFacts> => {
    await stopProxy(proxyFiles(service.folder));
    await removeContainers(parts.docker, service.containers, graceSeconds);
    await removeServiceFolder(service.folder);
    say('Nothing ran before this version: the service is gone.');
    return { stable: null, canary: null, address: null };
  };

  return {
    inspect: async () => {
      await checkProxyCommand(parts.haproxy);
      if (Object.keys(spec.work.metrics).length > 0) throw noPrometheus(spec.environment);
      return factsOf(await open());
    },

    stopOld: async () => {
      const service = await open();
      if (isRetired(service)) return factsOf(service);
      // So that the time without any version does not hold a download.
      await pull();
      const running = stableContainers(service).filter(({ isRunning }) => isRunning);
      await drainContainers(service.folder, running, spec.work.drainMs, signal);
      await stopContainers(parts.docker, running, graceSeconds);
      if (running.length > 0) say(`Stopped ${counted(running.length)} of the old version.`);
      return factsOf(await open());
    },

    deploy: async () => {
      let service = await open();
      if (isRetired(service)) return factsOf(service);
      await pull();
      const leftOver = otherContainers(service).filter(({ version }) => version !== spec.version);
      if (leftOver.length > 0) {
        const chosen = turnedOff(service.state);
        service = await remove(await apply(service, { canaryPercent: 0, chosen }), leftOver);
      }
      const colour = canaryColour(service.state);
      const health = { ...service.state.health, [colour]: container.health };
      const isNew = newContainers(service).length === 0;
      await writeServiceState(service.folder, {
        ...service.state,
        health,
        canaryPercent: isNew ? 0 : service.state.canaryPercent,
        ...(isNew ? { chosen: { match: firstMatch(spec.work.steps), colour, isOn: false } } : {}),
      });
      const started = await startContainers(parts.docker, {
        name: fresh,
        environment: spec.environment,
        colour,
        version: spec.version,
        image: spec.image,
        replicas: container.replicas,
        port: container.port,
        env: claim.containerEnv,
        limits: parts.limits,
      });
      if (started > 0) say(`Started ${counted(started)} of version ${spec.version} (${spec.image}).`);
      const deployed = await open();
      await syncProxy(parts.haproxy, deployed);
      return factsOf(deployed);
    },

    setTraffic: async (traffic) => {
      checkTraffic(traffic, haproxyAbilities);
      return shift(traffic);
    },

    observe: async () => {
      const service = await open();
      if (service.containers.length > 0) await syncProxy(parts.haproxy, service);
      const { socket } = proxyFiles(service.folder);
      return {
        facts: await factsOf(service),
        observation: await observeProxy(
          socket,
          service.state.stable,
          canaryColour(service.state),
          parts.now(),
        ),
      };
    },

    promote: () => shift({ percent: 100, ...nothingChosen }),

    retireOld: async () => {
      const service = await open();
      if (isRetired(service)) return factsOf(await remove(service, otherContainers(service)));
      if (newContainers(service).length === 0) throw notDeployed(spec.version);
      const facts = await factsOf(service);
      if ((facts.canary?.weightPercent ?? 0) < 100) throw notPromoted(spec.version);
      const stable = canaryColour(service.state);
      const turned = await apply(service, { stable, canaryPercent: 0 });
      return factsOf(await remove(turned, otherContainers(turned)));
    },

    rollBack: async () => {
      const service = await open();
      if (isRetired(service)) throw alreadyRetired(spec.version);
      if (stableContainers(service).length === 0) return removeEverything(service);
      if (spec.work.strategy === 'recreate') return startOldAgain(service);
      await syncProxy(parts.haproxy, service);
      const { stable } = await factsOf(service);
      if (stable !== null && stable.ready === 0) throw stableNotReady(stable.version, stable.problem);
      const back = await apply(service, { canaryPercent: 0, chosen: turnedOff(service.state) });
      if (stable !== null) say(`All traffic goes to version ${stable.version}.`);
      return factsOf(await remove(back, otherContainers(back)));
    },
  };
}

type ChosenState = NonNullable<ServiceState['chosen']>;

const turnedOff = (state: ServiceState): ChosenState => ({
  match: state.chosen?.match ?? [],
  colour: canaryColour(state),
  isOn: false,
});

/** What the proxy is prepared for when the new version's servers come, so that choosing requests is no reload. */
function firstMatch(steps: DeployWork['steps']): ChosenState['match'] {
  return steps.flatMap((step) => (step.kind === 'set-route' ? [step.match] : []))[0] ?? [];
}

const counted = (containers: number): string => `${containers} container${containers === 1 ? '' : 's'}`;
