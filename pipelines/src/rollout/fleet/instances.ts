import type { DeployWork } from '../../language/definition.ts';

/** A cluster's share of the replicas that are asked for, rounded up: it runs at least one. */
export function instancesIn(replicas: number, percent = 100): number {
  return replicas === 0 ? 0 : Math.max(1, Math.ceil((replicas * percent) / 100));
}

/** The work of a cluster. How many replicas manifests ask for is known only where they are read. */
export function workInCluster(work: DeployWork, percent: number): DeployWork {
  const { container } = work;
  if (container === null) return work;
  return { ...work, container: { ...container, replicas: instancesIn(container.replicas, percent) } };
}
