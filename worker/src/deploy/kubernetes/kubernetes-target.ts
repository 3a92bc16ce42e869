import type { PlaceTarget } from '@sluice/pipelines/protocol/environment';
import type { ActionClaim } from '@sluice/pipelines/protocol/worker-api';
import { instancesIn } from '@sluice/pipelines/rollout/fleet/instances';
import type { Observation, TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import { isAllOld, isNothing, matchInWords } from '@sluice/pipelines/rollout/traffic';
import type { Checkout } from '../../checkout/check-out.ts';
import { observePrometheus } from '../../metrics/observe-prometheus.ts';
import { DeployProblem } from '../deploy-problem.ts';
import type { ActionContext, DeployTarget } from '../deploy-target.ts';
import { checkTraffic } from '../traffic-problem.ts';
import { rolloutGuard, type GuardParts } from './guard/rollout-guard.ts';
import { autoscalersOf, holdAutoscalers, releaseAutoscalers } from './autoscalers.ts';
import { byWorkload } from './by-workload.ts';
import { kubeClient, type KubeClient } from './kube-client.ts';
import { connectKubernetes } from './kube-connection.ts';
import {
  checkMetrics,
  missingManifests,
  alreadyRetired,
  leftOver,
  notDeployed,
} from './kubernetes-problems.ts';
import { canaryName, note } from './marks.ts';
import {
  fullReplicas,
  openWorkload,
  stableVersion,
  touchedWorkload,
  type OpenWorkload,
} from './open-workload.ts';
import { readManifests, type ReadManifests } from './read-manifests.ts';
import { checkRights } from './rights/check-rights.ts';
import { neededRights, type Right } from './rights/needed-rights.ts';
import { startStableAgain, stopStable } from './replace-version.ts';
import { noteStable, prepareCanary } from './prepare-canary.ts';
import { replicaWay } from './replica-way.ts';
import { settle } from './settle.ts';
import type { ShiftStep } from './shift-traffic.ts';
import { touchedSet } from './stateful/open-set.ts';
import { statefulTarget } from './stateful/stateful-target.ts';
import { isStateful } from './stateful/stateful-workload.ts';
import { abilitiesOf } from './traffic/choose-router.ts';
import { routedWay } from './traffic/routed-way.ts';
import { notedRouting, planRouting, rehearseRouting } from './traffic/routing.ts';
import { toTry, tryOutObjects } from './try-out-objects.ts';
import type { TrafficWay, WayParts } from './traffic-way.ts';
import { findWorkload, stableDeployment, type Release, type Workload } from './workload.ts';

export interface KubernetesParts extends GuardParts {
  /** Path of the worker's own kubeconfig, for environments that name none; null: it has none. */
  readonly kubeconfigPath: string | null;
  readonly checkout: Checkout;
  /** PATH on which kustomize, helm and bubblewrap are looked for. */
  readonly path: string;
}

type KubernetesEnvironment = Extract<PlaceTarget, { kind: 'kubernetes' }>;

/**
 * One workload in one namespace of a cluster; for a StatefulSet see `statefulTarget`. The new version of a Deployment runs
 * in one of its own, `<name>-canary`. Without a router, traffic is shared by the number of ready pods: the canary's are
 * kept out of the Service by a readiness gate until they are given traffic, promoting rolls the stable Deployment to the
 * new version while the canary serves, and retiring removes the canary. With one, the canary has a Service of its own,
 * promoting gives it everything, and retiring rolls the stable Deployment before the canary goes. What to go back to is
 * noted on the stable Deployment and on the route. Objects beside the workload are applied with `deploy` and are not
 * undone by `rollBack`.
 */
export function kubernetesTarget(
  claim: ActionClaim,
  environment: KubernetesEnvironment,
  parts: KubernetesParts,
  context: ActionContext,
): DeployTarget {
  const { spec, installation } = claim;
  const { say, signal } = context;
  const { version } = spec;
  const release: Release = { installation, environment: spec.environment, version, image: spec.image };
  const guard = rolloutGuard(spec.work, release, parts, signal);

  const connected = async <T>(work: (client: KubeClient) => Promise<T>): Promise<T> => {
    const source = { text: claim.kubeconfig, ownPath: parts.kubeconfigPath };
    const connection = await connectKubernetes(source, signal);
    try {
      return await work(kubeClient(connection, environment.namespace));
    } finally {
      connection.close();
    }
  };
  let reading: Promise<ReadManifests> | null = null;
  /** Once for all that one action does. */
  const read = (client: KubeClient): Promise<ReadManifests> => (reading ??= readOnce(client));
  const readOnce = async (client: KubeClient): Promise<ReadManifests> => {
    const { manifests: path, chart = null } = spec.work;
    if (path === null && chart === null) throw missingManifests(spec.environment);
    const source = {
      checkout: parts.checkout,
      spec: claim.checkout,
      manifests: path,
      chart,
      cluster: client.abilities,
      path: parts.path,
    };
    return readManifests(source, context);
  };
  const manifests = async (client: KubeClient): Promise<Workload> =>
    shareOf(findWorkload((await read(client)).objects, environment.namespace), spec.instancesPercent);
  const place =
    spec.cluster === undefined ? `environment "${spec.environment}"` : `cluster "${spec.cluster}"`;
  const rightsFor = async (client: KubeClient, { name, others }: Workload): Promise<readonly Right[]> => {
    const applied = others.map(async (object) => {
      // What is of no kind of a namespace is refused with its place, when it is tried out.
      const resource = await client.pluralOf(object).catch(unlessRefused);
      return resource === null
        ? []
        : [{ apiVersion: object.apiVersion, resource, name: object.metadata.name }];
    });
    return neededRights(name, (await Promise.all(applied)).flat(), spec.work);
  };
  const look = (client: KubeClient, name: string): Promise<OpenWorkload> =>
    openWorkload(client, name, parts.now());
  /** Without a checkout where the rollout has left its mark in the cluster. */
  const find = async (client: KubeClient): Promise<OpenWorkload> =>
    look(client, (await touchedWorkload(client, release)) ?? (await manifests(client)).name);
  const can = abilitiesOf(spec.work.traffic);
  const isRetired = (workload: OpenWorkload): boolean => stableVersion(workload) === version;
  /** The way that the cluster says is in use; a first deployment has no traffic to share. */
  const wayOf = (client: KubeClient, workload: OpenWorkload): TrafficWay => {
    const routing = notedRouting(client, workload, release);
    const way: WayParts = {
      release,
      say,
      chosenPercent: spec.work.strategy === 'ab' ? 100 : 0, // otherwise they are a few who try it
      signal,
      rollStable: async (before, notes) => {
        await guard.end(client, before);
        await rollStable(client, before, notes);
      },
      forgetGuard: (service) => guard.forget(client, service),
    };
    return routing === null
      ? replicaWay(client, can, way)
      : routedWay(client, routing.router, routing.pair, way);
  };
  const factsOf = async (client: KubeClient, name: string): Promise<TargetFacts> => {
    const workload = await look(client, name);
    const facts = await wayOf(client, workload).factsOf(workload);
    const guarded = guard.facts();
    return guarded === undefined ? facts : { ...facts, guard: guarded };
  };
  const checkInEffect = async (client: KubeClient, name: string, state: ShiftStep): Promise<void> => {
    if (state === 'moving') await wayOf(client, await look(client, name)).checkInEffect();
  };

  const advance = (
    client: KubeClient,
    name: string,
    step: (way: TrafficWay, workload: OpenWorkload) => Promise<ShiftStep>,
  ): Promise<ShiftStep> =>
    settle(async () => {
      const workload = await look(client, name);
      return step(wayOf(client, workload), workload);
    }, signal);

  const deployments: DeployTarget = {
    inspect: () =>
      connected(async (client) => {
        const { objects, places, warnings } = await read(client);
        const workload = findWorkload(objects, environment.namespace);
        await checkRights(client, await rightsFor(client, workload), { place });
        const before = await look(client, workload.name);
        const released = stableDeployment(workload, release, before.stable, fullReplicas(before), {});
        const tried = toTry(objects, workload, released, places);
        for (const warning of [...warnings, ...(await tryOutObjects(client, tried))])
          say(`Warning: ${warning}`);
        if (spec.work.traffic !== undefined) {
          const routing = await planRouting(client, spec.work.traffic, workload, release);
          await rehearseRouting(client, routing, workload, release, spec.work.steps);
          await guard.look(client);
        }
        return factsOf(client, workload.name);
      }),

    stopOld: () =>
      connected(async (client) => {
        const { name } = await manifests(client);
        const before = await look(client, name);
        if (isRetired(before)) return factsOf(client, name);
        await noteStable(client, before, null);
        await hold(client, name);
        await advance(client, name, (_, workload) => stopStable(client, workload, version));
        const [facts, { left }] = [await factsOf(client, name), await look(client, name)];
        const ready = left.filter((pod) => pod.version !== version).length;
        return facts.stable === null ? facts : { ...facts, stable: { ...facts.stable, ready } };
      }),

    deploy: () =>
      connected(async (client) => {
        const workload = await manifests(client);
        const { name } = workload;
        if (isRetired(await look(client, name))) return factsOf(client, name);
        await clearLeftOver(client, name);
        const before = await look(client, name);
        const isShared = before.stable !== null && spec.work.strategy !== 'recreate';
        const provider = isShared ? spec.work.traffic : undefined;
        const routing =
          provider === undefined ? null : await planRouting(client, provider, workload, release);
        await prepareCanary(client, workload, before, release, routing);
        if (before.stable !== null) await hold(client, name);
        say(`Applied ${canaryName(name)} with ${spec.image}; it gets no traffic yet.`);
        return factsOf(client, name);
      }),

    setTraffic: (traffic) =>
      connected(async (client) => {
        checkTraffic(traffic, can);
        const { name } = await find(client);
        const state = await advance(client, name, async (way, workload) => {
          if (isRetired(workload)) return 'done';
          if (workload.canary === null) throw notDeployed(version);
          await guard.keep(client, workload, isAllOld(traffic) ? 'goes-on' : 'has-traffic');
          return way.shift(workload, traffic);
        });
        await checkInEffect(client, name, state);
        const facts = await factsOf(client, name);
        say(trafficLine(facts, version));
        return facts;
      }),

    observe: (asked) =>
      connected(async (client) => {
        const workload = await find(client);
        await wayOf(client, workload).keep(workload);
        const { canary, traffic } = await factsOf(client, workload.name);
        const isUsed = (canary?.weightPercent ?? 0) > 0 || (traffic !== undefined && !isNothing(traffic));
        await guard.keep(client, workload, isUsed ? 'has-traffic' : 'goes-on');
        const facts = await factsOf(client, workload.name);
        return { facts, observation: await measure(facts, asked?.history ?? false) };
      }),

    promote: () =>
      connected(async (client) => {
        const { name } = await find(client);
        const state = await advance(client, name, async (way, workload) => {
          if (isRetired(workload)) return 'done';
          await guard.keep(client, workload, 'has-traffic');
          return way.promote(workload);
        });
        await checkInEffect(client, name, state);
        return factsOf(client, name);
      }),

    retireOld: () =>
      connected(async (client) => {
        const { name } = await find(client);
        const state = await advance(client, name, async (way, workload) => {
          if (!isRetired(workload)) await guard.keep(client, workload, 'goes-on');
          return way.retire(workload);
        });
        if (state === 'done') await letGo(client, name);
        return factsOf(client, name);
      }),

    rollBack: () =>
      connected(async (client) => {
        const { name } = await find(client);
        const state = await advance(client, name, async (way, workload) => {
          if (isRetired(workload)) throw alreadyRetired(version, name);
          await guard.keep(client, workload, 'gives-back');
          const isAlone = spec.work.strategy === 'recreate' && stableVersion(workload) !== null;
          return isAlone ? startStableAgain(client, workload, version) : way.giveBack(workload);
        });
        if (state === 'done') await letGo(client, name);
        return factsOf(client, name);
      }),
  };

  const target = byWorkload((act) =>
    connected(async (client) => {
      if (!(await isOfSet(client))) return act(deployments);
      const stateful = {
        client,
        release,
        say,
        signal,
        work: spec.work,
        now: parts.now,
        observe: measure,
        instancesPercent: spec.instancesPercent,
        read: () => read(client),
      };
      return act(statefulTarget(stateful));
    }),
  );
  return {
    ...target,
    inspect: async () => {
      checkMetrics(spec.work, environment, spec.environment);
      return target.inspect();
    },
  };

  /** Without a checkout where the rollout has left its mark in the cluster. */
  async function isOfSet(client: KubeClient): Promise<boolean> {
    if ((await touchedWorkload(client, release)) !== null) return false;
    return (await touchedSet(client, release)) !== null || isStateful((await read(client)).objects);
  }

  async function measure(facts: TargetFacts, history: boolean): Promise<Observation> {
    const versions = { stable: facts.stable?.version ?? null, canary: facts.canary?.version ?? null };
    const historyEveryMs = history ? spec.work.intervalMs : null;
    const { prometheusUrl: url } = environment;
    const { metrics } = spec.work;
    return observePrometheus({ url, metrics, versions, at: parts.now(), historyEveryMs, signal });
  }

  async function hold(client: KubeClient, name: string): Promise<void> {
    for (const each of await holdAutoscalers(client, { kind: 'Deployment', name })) {
      say(`Autoscaler ${each} is held still until the rollout is over.`);
    }
  }

  async function letGo(client: KubeClient, name: string): Promise<void> {
    for (const each of await releaseAutoscalers(client, { kind: 'Deployment', name })) {
      say(`Autoscaler ${each} scales ${name} again.`);
    }
  }

  async function rollStable(
    client: KubeClient,
    before: OpenWorkload,
    notes: Readonly<Record<string, string>>,
  ): Promise<void> {
    const workload = await manifests(client);
    const scaled = await autoscalersOf(client, { kind: 'Deployment', name: workload.name });
    const asked = scaled.length > 0 ? undefined : workload.deployment.spec.replicas;
    const replicas = asked ?? fullReplicas(before);
    await client.apply(stableDeployment(workload, release, before.stable, replicas, notes));
    say(`Rolling ${workload.name} to version ${version} with ${replicas} replicas.`);
  }

  /** A canary of another rollout that a router still knows is taken away before it could be mistaken for ours. */
  async function clearLeftOver(client: KubeClient, name: string): Promise<void> {
    const isOurs = ({ canary }: OpenWorkload): boolean =>
      canary?.metadata.annotations?.[note.version] === version;
    const state = await advance(client, name, async (way, workload) =>
      isOurs(workload) || notedRouting(client, workload, release) === null ? 'done' : way.giveBack(workload),
    );
    if (state !== 'done') throw leftOver(name);
  }
}

/** The share of the instances that this cluster runs of what the manifests ask for. */
function shareOf(workload: Workload, percent: number | undefined): Workload {
  if (percent === undefined) return workload;
  const { deployment } = workload;
  const replicas = instancesIn(deployment.spec.replicas ?? 1, percent);
  return { ...workload, deployment: { ...deployment, spec: { ...deployment.spec, replicas } } };
}

function trafficLine({ canary, traffic, can }: TargetFacts, version: string): string {
  const percent = canary?.weightPercent ?? 0;
  if (traffic === undefined) return `${percent} % of the ready pods are version ${version}.`;
  const { match, mirrorPercent } = traffic;
  const also = [
    ...(match.length === 0 ? [] : [matchInWords(match)]),
    ...(mirrorPercent === 0 ? [] : [`copies of ${mirrorPercent} %`]),
  ];
  return `${can?.router ?? 'The router'} gives version ${version} ${[`${percent} % of the requests`, ...also].join(', ')}.`;
}

function unlessRefused(error: unknown): null {
  if (error instanceof DeployProblem && error.reason === 'manifest-refused') return null;
  throw error;
}
