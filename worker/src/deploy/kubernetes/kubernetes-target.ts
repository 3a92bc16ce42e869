import { setTimeout as sleep } from 'node:timers/promises';
import type { EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import type { ActionClaim } from '@sluice/pipelines/protocol/worker-api';
import type { TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import type { Checkout } from '../../checkout/check-out.ts';
import { observePrometheus } from '../../metrics/observe-prometheus.ts';
import type { ActionContext, DeployTarget } from '../deploy-target.ts';
import { checkTraffic } from '../traffic-problem.ts';
import { kubeClient, type KubeClient } from './kube-client.ts';
import { connectKubernetes } from './kube-connection.ts';
import {
  checkMetrics,
  missingManifests,
  notPromoted,
  alreadyRetired,
  notDeployed,
} from './kubernetes-problems.ts';
import { canaryName, note } from './marks.ts';
import {
  fullReplicas,
  openWorkload,
  stableVersion,
  templateVersion,
  touchedWorkload,
  type OpenWorkload,
} from './open-workload.ts';
import { readManifests } from './read-manifests.ts';
import { startStableAgain, stopStable } from './replace-version.ts';
import { forgetRollout, returnTraffic } from './return-traffic.ts';
import { shiftTraffic, type ShiftStep } from './shift-traffic.ts';
import { openGates } from './traffic-gates.ts';
import { replicaAbilities, workloadFacts } from './workload-facts.ts';
import {
  canaryDeployment,
  findWorkload,
  markedObject,
  stableDeployment,
  type Release,
  type Workload,
} from './workload.ts';

export interface KubernetesParts {
  /** Path of the worker's own kubeconfig, for environments that name none; null: it has none. */
  readonly kubeconfigPath: string | null;
  readonly checkout: Checkout;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type KubernetesEnvironment = Extract<EnvironmentTarget, { kind: 'kubernetes' }>;

/**
 * A Deployment in one namespace of a cluster, with traffic shared by the number of ready pods. The new version runs
 * in a Deployment of its own, `<name>-canary`, whose pods are kept out of the Service by a readiness gate until
 * they are given traffic. Promoting rolls the stable Deployment to the new version while the canary serves;
 * retiring removes the canary. What to go back to is noted on the stable Deployment itself.
 * Objects beside the Deployment are applied with `deploy` and are not undone by `rollBack`.
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

  const connected = async <T>(work: (client: KubeClient) => Promise<T>): Promise<T> => {
    const source = { text: claim.kubeconfig, ownPath: parts.kubeconfigPath };
    const connection = await connectKubernetes(source, signal);
    try {
      return await work(kubeClient(connection, environment.namespace));
    } finally {
      connection.close();
    }
  };
  const manifests = async (): Promise<Workload> => {
    if (spec.work.manifests === null) throw missingManifests(spec.environment);
    const objects = await readManifests(parts.checkout, claim.checkout, spec.work.manifests, context);
    return findWorkload(objects, environment.namespace);
  };
  const look = (client: KubeClient, name: string): Promise<OpenWorkload> =>
    openWorkload(client, name, parts.now());
  /** Without a checkout where the rollout has left its mark in the cluster. */
  const find = async (client: KubeClient): Promise<OpenWorkload> =>
    look(client, (await touchedWorkload(client, release)) ?? (await manifests()).name);
  const factsOf = async (client: KubeClient, name: string): Promise<TargetFacts> =>
    workloadFacts(await look(client, name), release);
  const isRetired = (workload: OpenWorkload): boolean => stableVersion(workload) === version;

  /** Repeats a step for as long as it makes progress by itself; waiting for pods to start is not ours to do. */
  const settle = async (
    client: KubeClient,
    name: string,
    step: (workload: OpenWorkload) => Promise<ShiftStep>,
  ): Promise<TargetFacts> => {
    const until = performance.now() + settleMs;
    while ((await step(await look(client, name))) === 'moving' && performance.now() < until) {
      await sleep(settlePollMs, undefined, { signal });
    }
    return factsOf(client, name);
  };

  return {
    inspect: () =>
      connected(async (client) => {
        checkMetrics(spec.work, environment, spec.environment);
        const workload = await manifests();
        const all = [...workload.others, workload.deployment];
        await Promise.all(all.map((object) => client.checkKind(object)));
        return factsOf(client, workload.name);
      }),

    stopOld: () =>
      connected(async (client) => {
        const workload = await manifests();
        const before = await look(client, workload.name);
        if (isRetired(before)) return workloadFacts(before, release);
        await noteStable(client, before);
        const step = (now: OpenWorkload): Promise<ShiftStep> => stopStable(client, now, version);
        const facts = await settle(client, workload.name, step);
        const { left } = await look(client, workload.name);
        const ready = left.filter((pod) => pod.version !== version).length;
        return facts.stable === null ? facts : { ...facts, stable: { ...facts.stable, ready } };
      }),

    deploy: () =>
      connected(async (client) => {
        const workload = await manifests();
        const before = await look(client, workload.name);
        if (isRetired(before)) return workloadFacts(before, release);
        await applyAll(client, workload, release);
        await noteStable(client, before);
        const isThere = before.canary?.metadata.annotations?.[note.version] === version;
        const replicas = isThere ? (before.canary?.spec.replicas ?? 1) : 1;
        const open = isThere ? openPods(before) : 0;
        await openGates(client, before, version, open);
        await client.apply(canaryDeployment(workload, release, { replicas, open }));
        say(`Applied ${canaryName(workload.name)} with ${spec.image}; it gets no traffic yet.`);
        return factsOf(client, workload.name);
      }),

    setTraffic: (traffic) =>
      connected(async (client) => {
        checkTraffic(traffic, replicaAbilities);
        const { name } = await find(client);
        const facts = await settle(client, name, async (workload) => {
          if (isRetired(workload)) return 'done';
          if (workload.canary === null) throw notDeployed(version);
          return shiftTraffic(client, workload, version, traffic.percent);
        });
        say(`${facts.canary?.weightPercent ?? 0} % of the ready pods are version ${version}.`);
        return facts;
      }),

    observe: (asked) =>
      connected(async (client) => {
        const workload = await find(client);
        await reopen(client, workload, version);
        const facts = await factsOf(client, workload.name);
        const at = parts.now();
        const versions = { stable: facts.stable?.version ?? null, canary: facts.canary?.version ?? null };
        const historyEveryMs = asked?.history === true ? spec.work.intervalMs : null;
        const url = environment.prometheusUrl;
        const source = { url, metrics: spec.work.metrics, versions, at, historyEveryMs, signal };
        return { facts, observation: await observePrometheus(source) };
      }),

    promote: () =>
      connected(async (client) => {
        const { name } = await find(client);
        const before = await look(client, name);
        if (isRetired(before)) return workloadFacts(before, release);
        if (templateVersion(before) !== version) await rollStable(client, before);
        return settle(client, name, (workload) => Promise.resolve(rollProgress(workload, release)));
      }),

    retireOld: () =>
      connected(async (client) => {
        const { name } = await find(client);
        const before = await look(client, name);
        if (!isRetired(before)) {
          if (before.stable === null || !hasEverything(workloadFacts(before, release)))
            throw notPromoted(version);
          await forgetRollout(client, before.stable, { [note.stableVersion]: version });
        }
        return settle(client, name, async (workload) => {
          if (workload.canary === null) return 'done';
          await openGates(client, workload, version, 0);
          if (workload.pods.some((pod) => pod.isCanaryDeployment && pod.isServing)) return 'moving';
          await client.removeDeployment(canaryName(name));
          say(`Removed ${canaryName(name)}: version ${version} is the stable one.`);
          return 'moving';
        });
      }),

    rollBack: () =>
      connected(async (client) => {
        const { name } = await find(client);
        return settle(client, name, (workload) => {
          if (isRetired(workload)) throw alreadyRetired(version, name);
          const isAlone = spec.work.strategy === 'recreate' && stableVersion(workload) !== null;
          if (isAlone) return startStableAgain(client, workload, version);
          return returnTraffic(client, workload, version);
        });
      }),
  };

  async function rollStable(client: KubeClient, before: OpenWorkload): Promise<void> {
    const workload = await manifests();
    const replicas = workload.deployment.spec.replicas ?? fullReplicas(before);
    const old = stableVersion(before);
    const notes: Record<string, string> =
      old === null || before.stable === null
        ? {}
        : {
            [note.stableVersion]: old,
            [note.stableTemplate]: JSON.stringify(before.stable.spec.template),
            [note.stableReplicas]: String(fullReplicas(before)),
          };
    await client.apply(stableDeployment(workload, release, before.stable, replicas, notes));
    say(`Rolling ${workload.name} to version ${version} with ${replicas} replicas.`);
  }
}

/** What changes by itself within moments (a gate, the end of a pod) is given this long inside one action. */
const settleMs = 8_000;
const settlePollMs = 250;

async function applyAll(client: KubeClient, workload: Workload, release: Release): Promise<void> {
  for (const object of workload.others) {
    await client.checkKind(object);
    await client.apply(markedObject(object, release));
  }
}

/** What to come back to is written down before anything is changed. */
async function noteStable(client: KubeClient, before: OpenWorkload): Promise<void> {
  const old = stableVersion(before);
  if (before.stable === null || old === null) return;
  const annotations = {
    [note.stableVersion]: old,
    [note.stableReplicas]: String(fullReplicas(before)),
  };
  await client.patchDeployment(before.name, { metadata: { annotations } });
}

/** A canary pod that was replaced since the weight was set gets its traffic again. */
async function reopen(client: KubeClient, workload: OpenWorkload, version: string): Promise<void> {
  const open = openPods(workload);
  if (open > 0) await openGates(client, workload, version, open);
}

function openPods({ canary }: OpenWorkload): number {
  return Number(canary?.metadata.annotations?.[note.open] ?? 0);
}

function rollProgress(workload: OpenWorkload, release: Release): ShiftStep {
  const facts = workloadFacts(workload, release);
  if (hasEverything(facts)) return 'done';
  const { canary } = facts;
  return canary !== null && canary.ready >= canary.replicas ? 'moving' : 'waiting';
}

function hasEverything({ canary }: TargetFacts): boolean {
  return canary !== null && canary.ready >= canary.replicas && canary.weightPercent === 100;
}
