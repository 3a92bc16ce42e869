// One step towards a share of replicas, in an order that never takes ready capacity away.
import type { KubeClient } from './kube-client.ts';
import { canaryName, note } from './marks.ts';
import { fullReplicas, type OpenWorkload } from './open-workload.ts';
import { replicaShare, type ReplicaShare } from './replica-share.ts';
import { openGates } from './traffic-gates.ts';
import { healthyOf, servingOf, sidesOf } from './workload-facts.ts';

export type ShiftStep =
  /** Nothing is left to do. */
  | 'done'
  /** Something was changed that takes effect by itself within moments. */
  | 'moving'
  /** Pods have to start first. */
  | 'waiting';

export async function shiftTraffic(
  client: KubeClient,
  workload: OpenWorkload,
  version: string,
  percent: number,
): Promise<ShiftStep> {
  const wanted = replicaShare(percent, fullReplicas(workload));
  const { old, fresh } = sidesOf(workload, version);
  const canaryReplicas = workload.canary?.spec.replicas ?? 0;
  const stableReplicas = workload.stable?.spec.replicas ?? 0;
  await rememberShare(client, workload, wanted);
  // A canary that gets no traffic keeps one pod, so that it can still be seen to run.
  const canaryTarget = Math.max(1, wanted.canary);
  if (canaryReplicas < canaryTarget) {
    await scale(client, canaryName(workload.name), canaryTarget);
    return 'waiting';
  }
  if (stableReplicas < wanted.stable) {
    await scale(client, workload.name, wanted.stable);
    return 'waiting';
  }
  if (healthyOf(fresh) < wanted.canary) return 'waiting';
  const isGrowing = stableReplicas > wanted.stable;
  if (!isGrowing && servingOf(old) < wanted.stable) return 'waiting';
  if (await openGates(client, workload, version, wanted.canary)) return 'moving';
  if (servingOf(fresh) !== wanted.canary) return 'moving';
  if (stableReplicas > wanted.stable) {
    await scale(client, workload.name, wanted.stable);
    return 'moving';
  }
  if (canaryReplicas > canaryTarget) {
    await scale(client, canaryName(workload.name), canaryTarget);
    return 'moving';
  }
  return servingOf(old) === wanted.stable ? 'done' : 'moving';
}

/** So that a canary pod that is replaced later is let in again by `observe`. */
async function rememberShare(client: KubeClient, { name, canary }: OpenWorkload, wanted: ReplicaShare) {
  const text = String(wanted.canary);
  if (canary === null || canary.metadata.annotations?.[note.open] === text) return;
  await client.patchDeployment(canaryName(name), { metadata: { annotations: { [note.open]: text } } });
}

export async function scale(client: KubeClient, name: string, replicas: number): Promise<void> {
  await client.patchDeployment(name, { spec: { replicas } });
}
