import type Docker from 'dockerode';
import { z } from 'zod';
import { engineStatus } from '../executors/docker/engine-error.ts';
import { isOfPod } from '../executors/docker/remove-leftovers.ts';
import { attemptOf } from './attempt-labels.ts';
import type { FoundThing, OrphanPlace, Removal } from './orphan-place.ts';

/** Containers, networks and volumes of attempts on a Docker engine, in the order in which the engine lets go of them. */
export function dockerPlace(docker: Docker): OrphanPlace {
  return {
    name: 'the Docker engine',
    list: async (installation) => {
      const { engine, at } = await describeEngine(docker);
      const label = [`sluice=${installation}`, 'sluice.run', 'sluice.attempt'];
      const filters = JSON.stringify({ label });
      const containers = await docker.listContainers({ all: true, filters });
      const networks = await docker.listNetworks({ filters });
      const { Volumes: volumes } = await docker.listVolumes({ filters });
      const age = (bornAt: number): number => at - bornAt;
      const found = [
        ...containers.map(({ Id, Names, Labels, Created }) =>
          thing('container', Names[0]?.slice(1) ?? Id, Labels, age(Created * 1_000), () =>
            docker.getContainer(Id).remove({ force: true, v: true }),
          ),
        ),
        ...networks.map(({ Id, Name: name, Labels, Created }) =>
          thing('network', name, Labels ?? {}, age(Date.parse(Created)), () =>
            docker.getNetwork(Id).remove(),
          ),
        ),
        ...(volumes ?? []).map((volume) =>
          thing('volume', volume.Name, volume.Labels, age(createdAt.parse(volume)), () =>
            docker.getVolume(volume.Name).remove(),
          ),
        ),
      ];
      return {
        engine,
        kinds: ['container', 'network', 'volume'],
        found: found.filter((one) => one !== null),
      };
    },
  };
}

/** Its name in figures, the same for all of its workers, and its own clock, which tells how old a thing is. */
export async function describeEngine(
  docker: Docker,
): Promise<{ readonly engine: string; readonly at: number }> {
  const { ID, Name, SystemTime } = engineInfo.parse(await docker.info());
  return { engine: `docker/${Name}/${ID.slice(0, 13)}`, at: SystemTime };
}

const engineInfo = z.object({
  ID: z.string().min(1),
  Name: z.string(),
  SystemTime: z.string().transform((text) => Date.parse(text)),
});
const createdAt = z
  .object({ CreatedAt: z.string().optional() })
  .transform(({ CreatedAt }) => Date.parse(CreatedAt ?? ''));

/** Null: its labels name no attempt, or a pod that a node runs on this engine. An age that cannot be read counts as none, so that it is waited for. */
function thing(
  kind: FoundThing['kind'],
  name: string,
  labels: Readonly<Record<string, string>>,
  ageMs: number,
  remove: () => Promise<unknown>,
): FoundThing | null {
  const attempt = attemptOf(labels);
  if (attempt === null || isOfPod(labels)) return null;
  return {
    kind,
    name,
    attempt,
    installation: labels['sluice'] ?? null,
    isDeployed: labels['sluice.service'] !== undefined,
    ageMs: Number.isNaN(ageMs) ? 0 : ageMs,
    remove: () => removal(remove),
  };
}

/** 404: gone · 403, 409: in use, or being removed. */
async function removal(remove: () => Promise<unknown>): Promise<Removal> {
  try {
    await remove();
    return 'removed';
  } catch (error) {
    const status = engineStatus(error);
    if (status === 404) return 'gone';
    if (status === 403 || status === 409) return 'stays';
    throw error;
  }
}
