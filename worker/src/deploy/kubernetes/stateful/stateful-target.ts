import type { DeployWork } from '@sluice/pipelines/language/definition';
import { instancesIn } from '@sluice/pipelines/rollout/fleet/instances';
import type { Observation, TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { DeployTarget } from '../../deploy-target.ts';
import { checkTraffic } from '../../traffic-problem.ts';
import { autoscalersOf, holdAutoscalers, releaseAutoscalers, type ScaledWorkload } from '../autoscalers.ts';
import type { KubeClient } from '../kube-client.ts';
import type { ReadManifests } from '../read-manifests.ts';
import { alreadyRetired, notDeployed, notPromoted } from '../kubernetes-problems.ts';
import { note } from '../marks.ts';
import { fullReplicas, stableVersion, templateVersion } from '../open-workload.ts';
import { settle } from '../settle.ts';
import type { ShiftStep } from '../shift-traffic.ts';
import { hasEverything, replicaAbilities } from '../workload-facts.ts';
import { toTry, tryOutObjects } from '../try-out-objects.ts';
import { markedObject, type Release } from '../workload.ts';
import { openSet, partitionOf, setFacts, touchedSet, wantedNew, type OpenSet } from './open-set.ts';
import { endPods, newPodsFor, replacePods } from './replace-pods.ts';
import { keepVersion, returnPods } from './return-pods.ts';
import { findStatefulSet, releasedSet, type SetChanges, type StatefulWorkload } from './stateful-workload.ts';

export interface StatefulParts {
  readonly client: KubeClient;
  readonly work: DeployWork;
  readonly release: Release;
  readonly read: () => Promise<ReadManifests>;
  readonly observe: (facts: TargetFacts, history: boolean) => Promise<Observation>;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** The share of the replicas that run in this cluster; undefined: all. */
  readonly instancesPercent: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * A StatefulSet, whose pods exist once each: those of the new version take the places of old ones, from the highest
 * ordinal down, and a share of the traffic is a share of the pods. What to go back to is noted on it.
 */
export function statefulTarget(parts: StatefulParts): DeployTarget {
  const { client, work, release, say } = parts;
  const { version } = release;
  const isAlone = work.strategy === 'recreate';

  const workloadOf = ({ objects }: ReadManifests): StatefulWorkload =>
    shareOf(findStatefulSet(objects, client.namespace), parts.instancesPercent);
  const manifests = async (): Promise<StatefulWorkload> => workloadOf(await parts.read());
  const nameOf = async (): Promise<string> => (await touchedSet(client, release)) ?? (await manifests()).name;
  const look = (name: string): Promise<OpenSet> => openSet(client, name, parts.now());
  const isRetired = (open: OpenSet): boolean => stableVersion(open) === version;
  const factsOf = async (name: string): Promise<TargetFacts> => setFacts(await look(name), release);

  const advance = async (
    name: string,
    step: (open: OpenSet) => Promise<ShiftStep> | 'done',
  ): Promise<TargetFacts> => {
    await settle(async () => step(await look(name)), parts.signal);
    return factsOf(name);
  };
  const replace = (open: OpenSet, wanted: number): Promise<ShiftStep> => {
    if (open.stable === null || templateVersion(open) !== version) throw notDeployed(version);
    return replacePods(client, open, version, wanted);
  };

  return {
    inspect: async () => {
      const found = await parts.read();
      const { objects, places, warnings } = found;
      const workload = workloadOf(found);
      const open = await look(workload.name);
      checkStrategy(work, workload.name, open.stable === null ? null : fullReplicas(open));
      const released = releasedSet(workload, release, await changesOf(workload, open));
      const tried = toTry(objects, workload, released, places);
      for (const warning of [...warnings, ...(await tryOutObjects(client, tried))])
        say(`Warning: ${warning}`);
      return setFacts(open, release);
    },

    stopOld: async () => {
      const { name } = await manifests();
      const before = await look(name);
      if (isRetired(before) || before.stable === null) return setFacts(before, release);
      await client.mergeInto(before.stable, { metadata: { annotations: notesOf(before) } });
      await holdAutoscalers(client, scaled(name));
      const { stable, ...facts } = await advance(name, (open) => endPods(client, open));
      const { left } = await look(name);
      return { ...facts, stable: stable === null ? null : { ...stable, ready: left.length } };
    },

    deploy: async () => {
      const workload = await manifests();
      const before = await look(workload.name);
      if (isRetired(before)) return setFacts(before, release);
      for (const object of workload.others) {
        await client.checkKind(object);
        await client.apply(markedObject(object, release));
      }
      await client.apply(releasedSet(workload, release, await changesOf(workload, before)));
      for (const each of await holdAutoscalers(client, scaled(workload.name))) {
        say(`Autoscaler ${each} is held still until the rollout is over.`);
      }
      say(`Applied StatefulSet ${workload.name} with ${release.image}; no pod is replaced yet.`);
      return factsOf(workload.name);
    },

    setTraffic: async (traffic) => {
      checkTraffic(traffic, replicaAbilities);
      const facts = await advance(await nameOf(), (open) =>
        isRetired(open) ? 'done' : replace(open, newPodsFor(traffic.percent, fullReplicas(open))),
      );
      say(`${facts.canary?.weightPercent ?? 0} % of the ready pods are version ${version}.`);
      return facts;
    },

    observe: async (asked) => {
      const facts = await advance(await nameOf(), (open) =>
        open.stable === null || isRetired(open) || templateVersion(open) !== version
          ? 'done'
          : replace(open, wantedNew(open)),
      );
      return { facts, observation: await parts.observe(facts, asked?.history ?? false) };
    },

    promote: async () =>
      advance(await nameOf(), (open) => (isRetired(open) ? 'done' : replace(open, fullReplicas(open)))),

    retireOld: async () => {
      const name = await nameOf();
      const open = await look(name);
      if (open.stable === null) throw notDeployed(version);
      if (!isRetired(open)) {
        if (!hasEverything(setFacts(open, release))) throw notPromoted(version);
        await keepVersion(client, open.stable, version);
      }
      await releaseAutoscalers(client, scaled(name));
      return factsOf(name);
    },

    rollBack: async () => {
      const name = await nameOf();
      const facts = await advance(name, (open) => {
        if (isRetired(open)) throw alreadyRetired(version, name, 'statefulset');
        return returnPods(client, open, version, isAlone);
      });
      if (facts.canary === null) await releaseAutoscalers(client, scaled(name));
      return facts;
    },
  };

  async function changesOf({ name, set }: StatefulWorkload, before: OpenSet): Promise<SetChanges> {
    const { stable } = before;
    if (stable === null || stableVersion(before) === null) {
      const replicas = set.spec.replicas ?? 1;
      const isThere = stable !== null && templateVersion(before) === version;
      const open = String(isThere ? wantedNew(before) : 0);
      return {
        replicas: isThere ? (stable.spec.replicas ?? 0) : 0,
        partition: 0,
        annotations: { [note.stableReplicas]: String(replicas), [note.open]: open },
      };
    }
    const isScaled = (await autoscalersOf(client, scaled(name))).length > 0;
    const isThere = templateVersion(before) === version;
    const full = fullReplicas(before);
    return {
      replicas: stable.spec.replicas ?? 1,
      partition: isThere ? partitionOf(before) : isAlone ? 0 : full,
      annotations: {
        ...notesOf(before),
        ...(set.spec.replicas === undefined || isScaled
          ? {}
          : { [note.replicas]: String(set.spec.replicas) }),
        [note.open]: String(isThere ? wantedNew(before) : 0),
      },
    };
  }
}

function shareOf(workload: StatefulWorkload, percent: number | undefined): StatefulWorkload {
  if (percent === undefined) return workload;
  const { set } = workload;
  const replicas = instancesIn(set.spec.replicas ?? 1, percent);
  return { ...workload, set: { ...set, spec: { ...set.spec, replicas } } };
}

const scaled = (name: string): ScaledWorkload => ({ kind: 'StatefulSet', name });

/** What to come back to; notes of a rollout that is under way stay. */
function notesOf(before: OpenSet): Readonly<Record<string, string>> {
  const old = stableVersion(before);
  if (old === null || before.stable === null) return {};
  const noted = before.stable.metadata.annotations?.[note.stableTemplate];
  return {
    [note.stableVersion]: old,
    [note.stableTemplate]: noted ?? JSON.stringify(before.stable.spec.template),
    [note.stableReplicas]: String(fullReplicas(before)),
  };
}

/** A StatefulSet has one pod for each place: a second side beside it, and a Service for that, cannot be. */
function checkStrategy(
  { strategy, traffic, steps }: DeployWork,
  name: string,
  replicas: number | null,
): void {
  const only = 'use canary, rolling or recreate, or make it a Deployment';
  if (strategy === 'blue-green' || strategy === 'shadow' || strategy === 'ab') {
    throw notPossible(name, `strategy: ${strategy} needs a second set of pods beside the first: ${only}`);
  }
  if (traffic !== undefined) {
    const router = `${traffic.kind}/${traffic.name}`;
    throw notPossible(
      name,
      `traffic: ${router} needs a Service for each version: remove traffic, a share is then a share of the pods`,
    );
  }
  const hasShares = steps.some(({ kind }) => kind === 'set-weight');
  if (hasShares && replicas === 1) {
    throw notPossible(
      name,
      'with one replica there is no share to give: use rolling or recreate, or more replicas',
    );
  }
}

function notPossible(name: string, why: string): DeployProblem {
  const message = `StatefulSet ${name} cannot be rolled out so. Its pods exist once each, with their volumes, and ${why}.`;
  return new DeployProblem('strategy-not-possible', message);
}
