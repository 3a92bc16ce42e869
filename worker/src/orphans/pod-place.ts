import { setTimeout as sleep } from 'node:timers/promises';
import type { MarkedObject } from '../executors/kubernetes/list-marked.ts';
import { labelValue, originalLabels } from '../executors/kubernetes/label-values.ts';
import {
  ClusterRefusedError,
  type ExtraKind,
  type PodCluster,
  type PodState,
} from '../executors/kubernetes/pod-cluster.ts';
import { attemptOf } from './attempt-labels.ts';
import type { FoundThing, OrphanPlace, Removal } from './orphan-place.ts';

/**
 * Pods of attempts in the namespace of this worker's pods, whichever worker has made them, and what was made for a pod that
 * never came to be: what belongs to a pod goes with it. `place` names the cluster and the namespace. Where the worker may
 * not list secrets or policies, these are not looked for.
 */
export function podPlace(cluster: PodCluster, place: string): OrphanPlace {
  return {
    name: 'the Kubernetes namespace',
    list: async (installation) => {
      const marks = [`sluice=${labelValue(installation)}`, 'sluice.attempt', 'sluice.pod'];
      const pods = await cluster.listMarked('pods', marks);
      const policies = await unlessForbidden(cluster.listMarked('networkpolicies', marks));
      const secrets = await unlessForbidden(cluster.listMarked('secrets', marks));
      const without = (extras: typeof pods): readonly MarkedObject[] =>
        extras.items.filter(({ metadata }) => metadata.ownerReferences.length === 0);
      const found = [
        ...pods.items.map((pod) => thing('pod', pod, pods.at, () => removePod(cluster, pod))),
        ...(policies === null ? [] : without(policies)).map((policy) =>
          thing('network-policy', policy, pods.at, () => removeExtra(cluster, 'networkpolicies', policy)),
        ),
        ...(secrets === null ? [] : without(secrets)).map((secret) =>
          thing('secret', secret, pods.at, () => removeExtra(cluster, 'secrets', secret)),
        ),
      ];
      return {
        engine: `kubernetes/${place}`,
        kinds: [
          'pod',
          ...(policies === null ? [] : (['network-policy'] as const)),
          ...(secrets === null ? [] : (['secret'] as const)),
        ],
        found: found.filter((one) => one !== null),
      };
    },
  };
}

const forbidden = 403;

async function unlessForbidden<T>(listing: Promise<T>): Promise<T | null> {
  return listing.catch((error: unknown) => {
    if (error instanceof ClusterRefusedError && error.status === forbidden) return null;
    throw error;
  });
}

function thing(
  kind: FoundThing['kind'],
  { metadata: { name, labels, annotations, creationTimestamp } }: MarkedObject,
  now: number,
  remove: () => Promise<Removal>,
): FoundThing | null {
  const original = originalLabels(labels, annotations);
  const attempt = attemptOf(original);
  if (attempt === null) return null;
  const ageMs = Number.isNaN(creationTimestamp) ? 0 : now - creationTimestamp;
  return { kind, name, attempt, installation: original['sluice'] ?? null, isDeployed: false, ageMs, remove };
}

/** A node ends a pod's containers within a second; one that does not answer keeps them for longer. */
const untilGoneMs = 20_000;

async function removePod(cluster: PodCluster, found: MarkedObject): Promise<Removal> {
  const { name, uid } = found.metadata;
  let pod: PodState | null = found;
  let isOurs = false;
  // The pod changes while it ends, so that it is read and tried again.
  while (pod !== null && pod.metadata.uid === uid && pod.metadata.deletionTimestamp === null && !isOurs) {
    isOurs = await cluster.deletePod(pod, 1);
    if (!isOurs) pod = await cluster.findPod(name);
  }
  for (const until = Date.now() + untilGoneMs; ; await sleep(250)) {
    const now = await cluster.findPod(name);
    if (now === null) break;
    if (now.metadata.uid !== uid) return 'gone';
    if (Date.now() > until) return isOurs ? 'going' : 'stays';
  }
  // What was not bound to the pod yet; the policy goes after everything that it kept from the network.
  await cluster.deleteObject('secrets', name);
  await cluster.deleteObject('networkpolicies', name);
  return isOurs ? 'removed' : 'gone';
}

async function removeExtra(
  cluster: PodCluster,
  kind: ExtraKind,
  { metadata: { name } }: MarkedObject,
): Promise<Removal> {
  await cluster.deleteObject(kind, name);
  return 'removed';
}
