import type { KubeClient } from './kube-client.ts';
import { trafficGate } from './marks.ts';
import type { OpenWorkload } from './open-workload.ts';
import type { PodView } from './pod-sides.ts';

/**
 * Lets `count` healthy canary pods into the Service and keeps the others out. A pod that was let in stays in.
 * Takes effect when the kubelet has seen it, usually within a second. True: something was changed.
 */
export async function openGates(
  client: KubeClient,
  { pods }: OpenWorkload,
  version: string,
  count: number,
): Promise<boolean> {
  const gated = pods.filter((pod) => pod.isCanaryDeployment);
  const own = gated.filter((pod) => pod.version === version && pod.isHealthy);
  const chosen = new Set([...own].toSorted(openFirst).slice(0, count));
  const toOpen = [...chosen].filter((pod) => !pod.isOpen);
  const toClose = gated.filter((pod) => pod.isOpen && !chosen.has(pod));
  await Promise.all([
    ...toOpen.map(({ name }) => setGate(client, name, 'True')),
    ...toClose.map(({ name }) => setGate(client, name, 'False')),
  ]);
  return toOpen.length + toClose.length > 0;
}

const openFirst = (left: PodView, right: PodView): number =>
  Number(right.isOpen) - Number(left.isOpen) || left.name.localeCompare(right.name);

async function setGate(client: KubeClient, pod: string, status: 'True' | 'False'): Promise<void> {
  await client.patchPodStatus(pod, { conditions: [{ type: trafficGate, status }] });
}
