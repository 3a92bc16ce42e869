// The new version comes to be beside the old one, and gets no traffic.
import type { KubeClient } from './kube-client.ts';
import { note } from './marks.ts';
import { fullReplicas, stableVersion, type OpenWorkload } from './open-workload.ts';
import { openPods } from './replica-way.ts';
import { isRouteInHand, routingNotes, type Routing } from './traffic/routing.ts';
import { labelOldPods, partServices, withNarrowService } from './traffic/service-pair.ts';
import { openGates } from './traffic-gates.ts';
import { canaryDeployment, markedObject, type Release, type Workload } from './workload.ts';

/**
 * Applies the manifests, with the workload as a canary. `routing`: the router that will share traffic; then the Service
 * selects the old version's pods alone before there is another.
 */
export async function prepareCanary(
  client: KubeClient,
  workload: Workload,
  before: OpenWorkload,
  release: Release,
  routing: Routing | null,
): Promise<void> {
  await noteStable(client, before, routing);
  const isThere = before.canary?.metadata.annotations?.[note.version] === release.version;
  const replicas = isThere ? (before.canary?.spec.replicas ?? 1) : 1;
  if (routing === null) {
    await applyOthers(client, workload, release, null);
    const open = isThere ? openPods(before) : 0;
    await openGates(client, before, release.version, open);
    await client.apply(canaryDeployment(workload, release, { replicas, open }));
    return;
  }
  await labelOldPods(client, before);
  await applyOthers(client, workload, release, routing);
  await partServices(client, before, routing.pair, release);
  await client.apply(canaryDeployment(workload, release, { replicas, open: null }));
}

/** What to come back to is written down before anything is changed. */
export async function noteStable(
  client: KubeClient,
  before: OpenWorkload,
  routing: Routing | null,
): Promise<void> {
  const old = stableVersion(before);
  if (before.stable === null || old === null) return;
  const annotations = {
    [note.stableVersion]: old,
    [note.stableReplicas]: String(fullReplicas(before)),
    ...(routing === null ? {} : routingNotes(routing)),
  };
  await client.patchDeployment(before.name, { metadata: { annotations } });
}

async function applyOthers(
  client: KubeClient,
  { others }: Workload,
  release: Release,
  routing: Routing | null,
): Promise<void> {
  for (const object of others) {
    await client.checkKind(object);
    if (routing !== null && (await isRouteInHand(client, object, routing))) continue;
    const applied = routing === null ? object : withNarrowService(object, routing.pair);
    await client.apply(markedObject(applied, release));
  }
}
