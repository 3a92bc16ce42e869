// Pods of a StatefulSet get the new version from the highest ordinal down, one after another: the next one when the last
// is ready, so that a version that does not run has taken one place and no more. Volumes stay whatever happens.
import type { KubeClient } from '../kube-client.ts';
import type { StatefulSet } from '../kube-objects.ts';
import { note } from '../marks.ts';
import { fullReplicas } from '../open-workload.ts';
import type { ShiftStep } from '../shift-traffic.ts';
import { healthyOf, servingOf, sidesOf } from '../workload-facts.ts';
import { partitionOf, wantedNew, type OpenSet } from './open-set.ts';

/** Pods of the new version that come closest to `percent`; at least one a side where 0 < percent < 100. */
export function newPodsFor(percent: number, replicas: number): number {
  if (percent <= 0) return 0;
  if (percent >= 100) return replicas;
  return Math.min(replicas - 1, Math.max(1, Math.round((replicas * percent) / 100)));
}

/** One step towards so many pods of the new version. */
export async function replacePods(
  client: KubeClient,
  open: OpenSet,
  version: string,
  wanted: number,
): Promise<ShiftStep> {
  const { stable } = open;
  if (stable === null) return 'done';
  const full = fullReplicas(open);
  const target = full - wanted;
  const partition = partitionOf(open);
  if (wantedNew(open) !== wanted) {
    await client.mergeInto(stable, { metadata: { annotations: { [note.open]: String(wanted) } } });
    return 'moving';
  }
  if ((stable.spec.replicas ?? 1) !== full) {
    await client.mergeInto(stable, { spec: { replicas: full } });
    return 'moving';
  }
  const { old, fresh } = sidesOf(open, version);
  if (partition < target) {
    await setPartition(client, stable, target);
    return 'moving';
  }
  if (partition > target) {
    if (healthyOf(fresh) < full - partition) return 'waiting';
    await setPartition(client, stable, partition - 1);
    return 'moving';
  }
  return servingOf(fresh) >= wanted && servingOf(old) >= target ? 'done' : 'waiting';
}

async function setPartition(client: KubeClient, set: StatefulSet, partition: number): Promise<void> {
  await client.mergeInto(set, { spec: { updateStrategy: { rollingUpdate: { partition } } } });
}

/**
 * One step of ending all pods: of the old version before another may start, or of the new one before the old one
 * starts again.
 */
export async function endPods(client: KubeClient, open: OpenSet): Promise<ShiftStep> {
  const { stable, left } = open;
  if (stable === null) return 'done';
  if ((stable.spec.replicas ?? 1) !== 0) {
    await keepVolumes(client, stable);
    await client.mergeInto(stable, { spec: { replicas: 0 } });
    return 'moving';
  }
  return left.length === 0 ? 'done' : 'moving';
}

/** Clusters since 1.23 may be told to delete volumes with their pods or their StatefulSet. */
export async function keepVolumes(client: KubeClient, set: StatefulSet): Promise<void> {
  if ((set.spec.persistentVolumeClaimRetentionPolicy ?? null) === null) return;
  const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Retain', whenScaled: 'Retain' };
  await client.mergeInto(set, { spec: { persistentVolumeClaimRetentionPolicy } });
}

/**
 * The cluster does not replace a pod that never becomes ready, also not by the old version: such pods are deleted, the
 * one with the highest ordinal first, and made anew with their volumes. True: one was.
 */
export async function deleteStuckPod(client: KubeClient, open: OpenSet, version: string): Promise<boolean> {
  const stuck = sidesOf(open, version).fresh.filter((pod) => !pod.isHealthy);
  const ordinal = ({ name }: { name: string }): number => Number(name.slice(name.lastIndexOf('-') + 1));
  const [last] = stuck.toSorted((one, other) => ordinal(other) - ordinal(one));
  if (last === undefined) return false;
  await client.remove({ apiVersion: 'v1', kind: 'Pod', name: last.name });
  return true;
}
