import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkspaceSpec } from '../executor.ts';
import type { PodCluster } from './pod-cluster.ts';
import { removeExtras } from './pod-extras.ts';
import { askInPod, ConnectionLostError } from './pod-exec.ts';
import { identityOf } from './pod-manifest.ts';
import { endProgram } from './resident-pod.ts';
import { stepsContainer, type StagePod } from './stage-pod.ts';

/** A node that does not answer keeps its pods for longer; the cluster then removes them when it is back. */
const patienceMs = 60_000;

/**
 * Removes the pods of the attempt and what belongs to them. `ended`: waits until nothing of the steps runs, while the
 * cluster takes the pod itself away in the background, which takes seconds. `gone`: until it has. A pod that a worker
 * with a higher fence has taken over is left alone. Idempotent.
 */
export async function removePod(
  cluster: PodCluster,
  spec: WorkspaceSpec,
  fence: number,
  until: 'ended' | 'gone',
): Promise<void> {
  const pods = await cluster.listPods(identityOf(spec.labels));
  const ours = pods.filter((pod) => fenceOf(pod) <= fence);
  const haveEnded = await Promise.all(ours.map((pod) => endProcesses(cluster, pod, fence)));
  await Promise.all(ours.map((pod) => remove(cluster, pod, fence)));
  if (until === 'gone' || haveEnded.includes(false)) {
    await Promise.all(ours.map((pod) => untilGone(cluster, pod)));
  }
  if (ours.length === pods.length) await removeExtras(cluster, spec);
}

export function fenceOf({ metadata }: StagePod): number {
  const fence = Number(metadata.labels?.['sluice.fence']);
  return Number.isInteger(fence) ? fence : 0;
}

/** False: nobody can tell. */
async function endProcesses(cluster: PodCluster, pod: StagePod, fence: number): Promise<boolean> {
  const isRunning = pod.status.containerStatuses?.some(({ state }) => state?.running !== undefined) === true;
  if (pod.status.phase !== 'Running' || !isRunning) return pod.status.phase === 'Pending';
  const { namespace, config } = cluster;
  const command = ['sh', '-c', endProgram(fence)];
  try {
    const target = { namespace, pod: pod.metadata.name, container: stepsContainer, command };
    const { end } = await askInPod(config, target);
    return end.kind === 'exited';
  } catch (error) {
    if (error instanceof ConnectionLostError) return false;
    throw error;
  }
}

/** The pod changes while it ends, so that it is read and tried again. */
async function remove(cluster: PodCluster, pod: StagePod, fence: number): Promise<void> {
  let seen: StagePod | null = pod;
  while (seen !== null && seen.metadata.uid === pod.metadata.uid && fenceOf(seen) <= fence) {
    if (seen.metadata.deletionTimestamp !== null || (await cluster.deletePod(seen, 1))) return;
    seen = await cluster.findPod(pod.metadata.name);
  }
}

async function untilGone(cluster: PodCluster, { metadata: { name, uid } }: StagePod): Promise<void> {
  const until = Date.now() + patienceMs;
  for (let waitMs = 100; Date.now() < until; waitMs = Math.min(1_000, waitMs * 1.5)) {
    const pod = await cluster.findPod(name);
    if (pod === null || pod.metadata.uid !== uid) return;
    await sleep(waitMs);
  }
}
