// Where two versions must not run at once (strategy: recreate): one is gone, with its last pod, before the other starts.
import type { KubeClient } from './kube-client.ts';
import { canaryName } from './marks.ts';
import { fullReplicas, templateVersion, type OpenWorkload } from './open-workload.ts';
import { forgetRollout, restoreTemplate } from './return-traffic.ts';
import { scale, type ShiftStep } from './shift-traffic.ts';
import { servingOf, sidesOf } from './workload-facts.ts';

/** One step towards no pod of the old version; what to start again is noted on its Deployment before. */
export async function stopStable(
  client: KubeClient,
  { name, stable, left }: OpenWorkload,
  version: string,
): Promise<ShiftStep> {
  if (stable === null) return 'done';
  if ((stable.spec.replicas ?? 1) !== 0) {
    await scale(client, name, 0);
    return 'moving';
  }
  return left.some((pod) => pod.version !== version) ? 'moving' : 'done';
}

/** One step back: the new version's last pod is gone before the old version's first one starts. */
export async function startStableAgain(
  client: KubeClient,
  workload: OpenWorkload,
  version: string,
): Promise<ShiftStep> {
  const { name, stable, canary, left } = workload;
  if (canary !== null) {
    await client.removeDeployment(canaryName(name));
    return 'moving';
  }
  if (stable === null) return 'done';
  const full = fullReplicas(workload);
  const replicas = stable.spec.replicas ?? 1;
  const isNew = templateVersion(workload) === version;
  if (isNew && replicas !== 0) {
    await scale(client, name, 0);
    return 'moving';
  }
  if (left.some((pod) => pod.version === version)) return 'moving';
  if (isNew) {
    await restoreTemplate(client, stable, full);
    return 'waiting';
  }
  if (replicas !== full) {
    await scale(client, name, full);
    return 'waiting';
  }
  if (servingOf(sidesOf(workload, version).old) < full) return 'waiting';
  await forgetRollout(client, stable);
  return 'done';
}
