import type { ServiceReport, ServiceSpec } from '../executor.ts';
import type { PodPlace } from './pod-console.ts';
import { serviceContainer } from './pod-manifest.ts';

/** How the services of a pod are now, and the last of what each wrote. */
export async function describeServices(
  { cluster, name: pod }: PodPlace,
  services: readonly ServiceSpec[],
): Promise<readonly ServiceReport[]> {
  if (services.length === 0) return [];
  const statuses = (await cluster.findPod(pod))?.status.containerStatuses ?? [];
  return await Promise.all(
    services.map(async ({ name }) => {
      const container = serviceContainer(name);
      const ended = statuses.find((status) => status.name === container)?.state?.terminated;
      const text = (await cluster.readLog(pod, container)).trimEnd();
      return {
        name,
        end: ended === undefined ? null : `ended with exit code ${ended.exitCode}`,
        lastLines: text === '' ? [] : text.split(/\r?\n/).slice(-100),
      };
    }),
  );
}
