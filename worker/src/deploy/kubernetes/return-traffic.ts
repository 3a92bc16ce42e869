// One step of a roll-back: the old version to full strength, traffic as far as it can take it, then away with the new one.
import { DeployProblem } from '../deploy-problem.ts';
import type { KubeClient } from './kube-client.ts';
import { podTemplate, type Deployment, type PodTemplate } from './kube-objects.ts';
import { canaryName, note } from './marks.ts';
import { fullReplicas, stableVersion, templateVersion, type OpenWorkload } from './open-workload.ts';
import { scale, type ShiftStep } from './shift-traffic.ts';
import { openGates } from './traffic-gates.ts';
import { servingOf, sidesOf } from './workload-facts.ts';

export async function returnTraffic(
  client: KubeClient,
  workload: OpenWorkload,
  version: string,
): Promise<ShiftStep> {
  const { name, stable, canary } = workload;
  if (stable === null || stableVersion(workload) === null) return removeFirst(client, workload, version);
  const full = fullReplicas(workload);
  if (templateVersion(workload) === version) {
    await restoreTemplate(client, stable, full);
    return 'waiting';
  }
  if ((stable.spec.replicas ?? 1) !== full) {
    await scale(client, name, full);
    return 'moving';
  }
  const { old, fresh } = sidesOf(workload, version);
  const ownFresh = fresh.filter((pod) => !pod.isCanaryDeployment);
  const spare = Math.max(0, full - servingOf(old));
  const wasOpen = fresh.filter((pod) => pod.isCanaryDeployment && pod.isServing).length;
  if (await openGates(client, workload, version, Math.min(spare, wasOpen))) return 'moving';
  if (spare > 0 || ownFresh.some((pod) => pod.isHealthy)) return 'waiting';
  if (servingOf(fresh) > 0) return 'moving';
  if (canary !== null) await client.removeDeployment(canaryName(name));
  await forgetRollout(client, stable);
  return 'done';
}

/** Takes away the notes of a rollout that is over. */
export async function forgetRollout(
  client: KubeClient,
  { metadata }: Deployment,
  changes: Readonly<Record<string, string>> = {},
): Promise<void> {
  const gone = [note.stableTemplate, note.stableReplicas, note.router, note.service].filter(
    (key) => metadata.annotations?.[key] !== undefined,
  );
  const annotations = { ...Object.fromEntries(gone.map((key) => [key, null])), ...changes };
  if (Object.keys(annotations).length === 0) return;
  await client.patchDeployment(metadata.name, { metadata: { annotations } });
}

/** Nothing ran before: both Deployments go, other objects of the manifests stay. */
async function removeFirst(client: KubeClient, workload: OpenWorkload, version: string): Promise<ShiftStep> {
  if (workload.canary !== null) await client.removeDeployment(canaryName(workload.name));
  if (templateVersion(workload) === version) await client.removeDeployment(workload.name);
  return 'done';
}

export async function restoreTemplate(client: KubeClient, stable: Deployment, full: number): Promise<void> {
  const { annotations = {}, labels = {}, name } = stable.metadata;
  const before = annotations[note.stableVersion];
  const template = notedTemplate(stable);
  if (template === null || before === undefined) {
    throw new DeployProblem(
      'rollback-lost',
      `Deployment ${name} no longer has the note of what ran before (${note.stableTemplate}): run \`kubectl rollout undo deployment/${name}\`, or deploy the old version again.`,
    );
  }
  await client.replaceInDeployment(name, [
    { op: 'replace', path: '/spec/template', value: template },
    { op: 'replace', path: '/spec/replicas', value: full },
    { op: 'replace', path: '/metadata/annotations', value: { ...annotations, [note.version]: before } },
    { op: 'replace', path: '/metadata/labels', value: { ...labels, version: before } },
  ]);
}

/** Pods of the version to come back to, as noted; null: there is no such note. */
export function notedTemplate({ metadata }: Deployment): PodTemplate | null {
  const parsed = podTemplate.safeParse(parse(metadata.annotations?.[note.stableTemplate] ?? ''));
  return parsed.success ? parsed.data : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
