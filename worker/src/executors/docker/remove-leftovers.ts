import type Docker from 'dockerode';
import { engineStatus } from './engine-error.ts';

/**
 * Removes the containers, networks and volumes of attempts that carry all of `labels`, and says how many there
 * were. Called when this worker has no attempt yet, so that everything with its label is left over but the containers
 * and networks of `keep` (their ids). A deployed service is nobody's leftover, whatever labels its image has given it, and
 * neither is the container of a pod.
 */
export async function removeLeftovers(
  docker: Docker,
  labels: Readonly<Record<string, string>>,
  keep: ReadonlySet<string> = new Set(),
): Promise<number> {
  const filters = {
    label: ['sluice.attempt', ...Object.entries(labels).map(([name, value]) => `${name}=${value}`)],
  };
  const all = await docker.listContainers({ all: true, filters });
  const containers = all.filter(
    ({ Id, Labels }) => !keep.has(Id) && Labels['sluice.service'] === undefined && !isOfPod(Labels),
  );
  await each(containers, ({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }));
  const networks = (await docker.listNetworks({ filters })).filter(({ Id }) => !keep.has(Id));
  await each(networks, ({ Id }) => docker.getNetwork(Id).remove());
  const { Volumes: volumes } = await docker.listVolumes({ filters: JSON.stringify(filters) });
  await each(volumes ?? [], ({ Name }) => docker.getVolume(Name).remove({ force: true }));
  return containers.length + networks.length + (volumes ?? []).length;
}

/**
 * Removes everything of one attempt. An attempt that was taken up again has a higher fence than what it began with, so
 * the fence is no part of the question.
 */
export async function removeAttempt(
  docker: Docker,
  { 'sluice.fence': _fence, ...labels }: Readonly<Record<string, string>>,
): Promise<void> {
  await removeLeftovers(docker, labels);
}

/** A node that uses this engine gives the containers of pods the pods' labels; they are the node's to remove. */
export function isOfPod(labels: Readonly<Record<string, string>>): boolean {
  return labels['io.kubernetes.pod.uid'] !== undefined;
}

async function each<T>(things: readonly T[], remove: (thing: T) => Promise<unknown>): Promise<void> {
  for (const thing of things) {
    try {
      await remove(thing);
    } catch (error) {
      const status = engineStatus(error);
      if (status !== 404 && status !== 409) throw error; // gone, or being removed
    }
  }
}
