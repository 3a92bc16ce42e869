// What a pod needs beside itself: the login of its registries while it pulls, and the policy that keeps it from the
// network. Both have the pod's name, so that they are found without listing anything.
import type { RegistryLogin, WorkspaceSpec } from '../executor.ts';
import { registryHost } from '../docker/pull-image.ts';
import { fullValues } from './label-values.ts';
import type { PodCluster } from './pod-cluster.ts';
import { podLabels, podName } from './pod-manifest.ts';
import type { StagePod } from './stage-pod.ts';

/** The logins of the registries that these images come from, and no others. */
export function loginsFor(
  images: readonly string[],
  logins: readonly RegistryLogin[],
): readonly RegistryLogin[] {
  const hosts = new Set(images.map(registryHost));
  return logins.filter(({ host }) => hosts.has(host));
}

/** Before the pod: a policy that came after it would let its first packets through. */
export async function createExtras(cluster: PodCluster, spec: WorkspaceSpec): Promise<void> {
  const metadata = {
    name: podName(spec.labels),
    labels: podLabels(spec.labels),
    annotations: fullValues(spec.labels),
  };
  if (!spec.network) {
    const policy = { podSelector: { matchLabels: podSelector(spec) }, policyTypes: ['Ingress', 'Egress'] };
    await cluster.createObject('networkpolicies', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: policy,
    });
  }
  if (spec.registryCredentials.length > 0) {
    await cluster.createObject('secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': dockerConfig(spec.registryCredentials) },
    });
  }
}

/** From now on the cluster itself removes them with the pod, also when no worker is left to do it. */
export async function bindExtras(cluster: PodCluster, spec: WorkspaceSpec, pod: StagePod): Promise<void> {
  const { name, uid } = pod.metadata;
  const patch = { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid }] } };
  if (!spec.network) await cluster.patchObject('networkpolicies', name, patch);
  if (spec.registryCredentials.length > 0) await cluster.patchObject('secrets', name, patch);
}

/** The images are there: the login is of no more use. */
export async function removeLogin(cluster: PodCluster, spec: WorkspaceSpec): Promise<void> {
  if (spec.registryCredentials.length > 0) await cluster.deleteObject('secrets', podName(spec.labels));
}

export async function removeExtras(cluster: PodCluster, spec: WorkspaceSpec): Promise<void> {
  await removeLogin(cluster, spec);
  if (!spec.network) await cluster.deleteObject('networkpolicies', podName(spec.labels));
}

const podSelector = ({ labels }: WorkspaceSpec): Record<string, string> => ({
  'sluice.pod': podName(labels),
});

/** Docker Hub is known by an address of its own. */
function dockerConfig(logins: readonly RegistryLogin[]): string {
  const auths = logins.map(({ host, username, password }) => [
    host === 'docker.io' ? 'https://index.docker.io/v1/' : host,
    { username, password, auth: Buffer.from(`${username}:${password}`).toString('base64') },
  ]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}
