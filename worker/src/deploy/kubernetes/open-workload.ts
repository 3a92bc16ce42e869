import type { KubeClient } from './kube-client.ts';
import type { Deployment } from './kube-objects.ts';
import { canaryName, mark, note } from './marks.ts';
import { podsLeft, viewPods, type PodView } from './pod-sides.ts';
import type { Release } from './workload.ts';

/** A workload in the cluster at one moment, seen from one rollout. */
export interface OpenWorkload {
  readonly name: string;
  readonly stable: Deployment | null;
  readonly canary: Deployment | null;
  readonly pods: readonly PodView[];
  /** All whose processes may still run, also those that end and get no traffic any more. */
  readonly left: readonly { readonly version: string | null }[];
}

/** Version of workloads that were there before us. */
export const unmanaged = 'unmanaged';

/** The name of the workload that this rollout has touched; null: it has touched none. */
export async function touchedWorkload(client: KubeClient, release: Release): Promise<string | null> {
  const labels = { [mark.installation]: release.installation, [mark.version]: release.version };
  const names = (await client.deployments(labels)).flatMap(
    ({ metadata }) => metadata.annotations?.[note.workload] ?? [],
  );
  return names[0] ?? null;
}

export async function openWorkload(client: KubeClient, name: string, now: number): Promise<OpenWorkload> {
  const [stable, canary] = await Promise.all([client.deployment(name), client.deployment(canaryName(name))]);
  const labels = podLabels(stable ?? canary);
  const pods = labels === null ? [] : await client.pods(labels);
  return { name, stable, canary, pods: viewPods(pods, name, now), left: podsLeft(pods, name) };
}

/** Labels that the pods of both Deployments have. */
function podLabels(deployment: Deployment | null): Readonly<Record<string, string>> | null {
  if (deployment === null) return null;
  const labels = Object.entries(deployment.spec.selector.matchLabels ?? {});
  return Object.fromEntries(labels.filter(([key]) => key !== mark.track));
}

/** Version of the stable Deployment's template. */
export function templateVersion({ stable }: OpenWorkload): string | null {
  return stable?.metadata.annotations?.[note.version] ?? null;
}

/** The version that users have until this rollout ends; null: none, or this rollout made the first one. */
export function stableVersion(workload: OpenWorkload): string | null {
  const { stable } = workload;
  if (stable === null) return null;
  const noted = stable.metadata.annotations?.[note.stableVersion];
  if (noted !== undefined) return noted;
  return templateVersion(workload) === null ? (templateLabel(stable) ?? unmanaged) : null;
}

function templateLabel({ spec }: Deployment): string | undefined {
  return spec.template.metadata?.labels?.[mark.version];
}

/** Replicas that the old version has when no rollout is under way. */
export function fullReplicas({ stable }: OpenWorkload): number {
  const noted = Number(stable?.metadata.annotations?.[note.stableReplicas]);
  return Number.isInteger(noted) && noted > 0 ? noted : (stable?.spec.replicas ?? 1);
}
