// The Service of the new version beside the workload's own, which selects only the old version's pods meanwhile.
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import { service, type KubeObject, type Service } from '../kube-objects.ts';
import { mark } from '../marks.ts';
import type { OpenWorkload } from '../open-workload.ts';
import type { Release, Workload } from '../workload.ts';
import { nameNotFree, namesOtherServices, namesSeveralServices } from './router-problems.ts';
import type { ServicePair, TrafficRouter } from './traffic-router.ts';

const canaryServiceName = (name: string): string => `${name}-canary`;
export const pairOf = (stable: string): ServicePair => ({ stable, canary: canaryServiceName(stable) });

const ref = (name: string) => ({ apiVersion: 'v1', kind: 'Service', name });

/** The one Service that the route names and that selects the workload's pods, as applied or as planned. */
export async function findPair(
  client: KubeClient,
  router: TrafficRouter,
  { name: workload, deployment, others }: Workload,
  plannedRoute: KubeObject | null,
): Promise<ServicePair> {
  const labels = deployment.spec.template.metadata?.labels ?? {};
  const names = await router.services(plannedRoute);
  const found = await Promise.all(
    names.map(async (name) => {
      const planned = others.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name);
      return planned ?? (await readable(client, name));
    }),
  );
  const fitting = found.flatMap((object) => {
    const parsed = object === null ? null : service.safeParse(object);
    return parsed?.success === true && selects(parsed.data, labels) ? [parsed.data.metadata.name] : [];
  });
  const [only] = fitting;
  if (only === undefined) throw namesOtherServices(router.object, workload, names);
  if (fitting.length > 1) throw namesSeveralServices(router.object, workload, fitting);
  if (canaryServiceName(only).length > 63) {
    throw nameNotFree(
      `Service ${only}-canary`,
      'the name is longer than 63 characters; shorten that of the Service',
    );
  }
  return pairOf(only);
}

/** Others that the route names need not be ours to read. */
async function readable(client: KubeClient, name: string): Promise<KubeObject | null> {
  try {
    return await client.find(ref(name));
  } catch (error) {
    if (error instanceof DeployProblem && error.reason === 'forbidden') return null;
    throw error;
  }
}

function selects({ spec, metadata }: Service, labels: Readonly<Record<string, string>>): boolean {
  if (metadata.labels?.[mark.track] === 'canary') return false;
  const wanted = Object.entries(spec.selector ?? {}).filter(([key]) => key !== mark.track);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** Rejects where somebody else has made an object of the new Service's name. */
export async function checkCanaryService(
  client: KubeClient,
  pair: ServicePair,
  { installation }: Release,
): Promise<void> {
  const found = await client.find(ref(pair.canary));
  if (found === null || found.metadata.labels?.[mark.installation] === installation) return;
  throw nameNotFree(`Service ${pair.canary}`, 'somebody else has made one of that name; remove or rename it');
}

/** An object of the manifests; the workload's Service is applied as one that selects only the old version's pods. */
export function withNarrowService(object: KubeObject, pair: ServicePair): KubeObject {
  if (object.kind !== 'Service' || object.metadata.name !== pair.stable) return object;
  const { spec } = service.parse(object);
  return { ...object, spec: { ...spec, selector: { ...spec.selector, [mark.track]: 'stable' } } };
}

/**
 * Parts the pods of both versions. First the old version's pods get the label by which they are told apart (those of a
 * workload that was there before us have none), so that no pod leaves the Service when that begins to ask for it.
 */
export async function partServices(
  client: KubeClient,
  workload: OpenWorkload,
  pair: ServicePair,
  release: Release,
): Promise<void> {
  const live = await find(client, pair.stable);
  await labelOldPods(client, workload);
  if (live.spec.selector?.[mark.track] !== 'stable') {
    await client.mergeInto(live, { spec: { selector: { [mark.track]: 'stable' } } });
  }
  await client.apply(canaryService(live, pair, release));
}

/** Pods that were started since, by an autoscaler for example, are told apart too. */
export async function labelOldPods(client: KubeClient, { pods }: OpenWorkload): Promise<void> {
  const unmarked = pods.filter((pod) => !pod.isCanaryDeployment && pod.track === null);
  await Promise.all(unmarked.map(({ name }) => client.patchPodLabels(name, { [mark.track]: 'stable' })));
}

/** The opposite of `partServices`; there must be no pod of the canary any more. */
export async function rejoinServices(client: KubeClient, pair: ServicePair): Promise<void> {
  const live = await client.find(ref(pair.stable));
  const parsed = live === null ? null : service.parse(live);
  if (parsed?.spec.selector?.[mark.track] !== undefined) {
    await client.mergeInto(parsed, { spec: { selector: { [mark.track]: null } } });
  }
  await client.remove(ref(pair.canary));
}

async function find(client: KubeClient, name: string): Promise<Service> {
  const found = await client.find(ref(name));
  if (found !== null) return service.parse(found);
  throw new DeployProblem(
    'service-missing',
    `Service ${name}, which the route names, is not in namespace ${client.namespace}: apply it again.`,
  );
}

/** Its ports and its labels, for whoever looks for Services by them, and a selector for the canary's pods alone. */
function canaryService(
  { metadata, spec }: Service,
  { canary }: ServicePair,
  { installation, environment }: Release,
): KubeObject {
  const ports = (spec.ports ?? []).map((port) => ({ ...port, nodePort: undefined })); // the cluster chooses its own
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: canary,
      labels: {
        ...metadata.labels,
        [mark.installation]: installation,
        [mark.environment]: environment,
        [mark.track]: 'canary',
      },
    },
    spec: {
      ...(spec.clusterIP === 'None' ? { clusterIP: 'None' } : {}),
      selector: { ...spec.selector, [mark.track]: 'canary' },
      ports,
    },
  };
}
