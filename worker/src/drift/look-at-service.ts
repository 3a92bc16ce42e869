// The containers of a service on this host, and how its proxy shares traffic.
import type { DriftReport } from '@sluice/pipelines/protocol/drift';
import { openService, stableContainers, type ServicePlace } from '../deploy/docker/open-service.ts';
import { readServiceFacts } from '../deploy/docker/read-service-facts.ts';
import type { ServiceState } from '../deploy/docker/service-state.ts';

export async function lookAtService(place: ServicePlace, known: ServiceState): Promise<DriftReport['seen']> {
  const service = await openService(place, { ...known, health: known.health.a });
  const containers = stableContainers(service);
  const [first] = containers;
  if (first === undefined) return { kind: 'gone' };
  const expected = { version: first.version, replicas: containers.length };
  const { stable } = await readServiceFacts(place.docker, service, expected);
  return {
    kind: 'found',
    version: first.version,
    image: first.image,
    replicas: containers.length,
    weightPercent: stable?.weightPercent ?? null,
    changedBy: { image: null, replicas: null },
  };
}
