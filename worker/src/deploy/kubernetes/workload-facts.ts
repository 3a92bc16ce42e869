// What a workload's Deployments and pods say about both sides. Pure.
import type { RouterAbilities, SideFacts, TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import type { Deployment, PodTemplate } from './kube-objects.ts';
import { note } from './marks.ts';
import { stableVersion, templateVersion, type OpenWorkload } from './open-workload.ts';
import type { PodView } from './pod-sides.ts';
import type { Release } from './workload.ts';

/** A Service knows nothing of requests. */
export const replicaAbilities: RouterAbilities = { router: 'replicas', match: [], mirror: false };

export interface Sides {
  readonly old: readonly PodView[];
  readonly fresh: readonly PodView[];
}

export function sidesOf({ pods }: OpenWorkload, version: string): Sides {
  return {
    old: pods.filter((pod) => pod.version !== version),
    fresh: pods.filter((pod) => pod.version === version),
  };
}

/** A side's weight is its share of the pods that get traffic. */
export function workloadFacts(workload: OpenWorkload, release: Release): TargetFacts {
  const { stable, canary } = workload;
  const { version, image } = release;
  const before = stableVersion(workload);
  if (before === version) return retiredFacts(workload, release);
  const { old, fresh } = sidesOf(workload, version);
  const [isNewTemplate, isNewCanary] = [
    templateVersion(workload) === version,
    canary?.metadata.annotations?.[note.version] === version,
  ];
  const oldReplicas = isNewTemplate ? old.length : (stable?.spec.replicas ?? 1);
  const newReplicas =
    (isNewTemplate ? (stable?.spec.replicas ?? 1) : 0) + (isNewCanary ? (canary?.spec.replicas ?? 1) : 0);
  const weight = shares(old, fresh);
  return {
    stable:
      before === null || stable === null
        ? null
        : side(
            before,
            imageOf(stable.spec.template, workload.name),
            oldReplicas,
            old,
            weight.old,
            servingOf(old),
            null,
          ),
    canary:
      isNewTemplate || isNewCanary
        ? side(version, image, newReplicas, fresh, weight.fresh, healthyOf(fresh), failureOf(canary))
        : null,
    address: null,
    can: replicaAbilities,
  };
}

function retiredFacts(workload: OpenWorkload, { version, image }: Release): TargetFacts {
  const { fresh, old } = sidesOf(workload, version);
  const replicas = workload.stable?.spec.replicas ?? 1;
  const own = fresh.filter((pod) => !pod.isCanaryDeployment);
  const problem = workload.stable === null ? null : failureOf(workload.stable);
  const weight = shares(old, fresh);
  const leftOver = fresh.filter((pod) => pod.isCanaryDeployment);
  return {
    stable: side(version, image, replicas, own, weight.fresh, servingOf(own), problem),
    canary:
      workload.canary === null
        ? null
        : side(version, image, leftOver.length, leftOver, 0, leftOver.length, null),
    address: null,
    can: replicaAbilities,
  };
}

/** Facts of one version from its pods. */
export function side(
  version: string,
  image: string,
  replicas: number,
  pods: readonly PodView[],
  weightPercent: number,
  ready: number,
  failure: string | null,
): SideFacts {
  const problem = pods.find((pod) => pod.problem !== null)?.problem ?? failure;
  return { version, image, replicas, ready: Math.min(ready, replicas), weightPercent, problem };
}

/** Of the pods that get traffic. */
export function shares(old: readonly PodView[], fresh: readonly PodView[]): { old: number; fresh: number } {
  const [oldServing, freshServing] = [servingOf(old), servingOf(fresh)];
  const all = oldServing + freshServing;
  const percent = (serving: number): number =>
    all === 0 ? 0 : Math.round((100_000 * serving) / all) / 1_000;
  return { old: percent(oldServing), fresh: percent(freshServing) };
}

/** The new version has all of the traffic, with all of its replicas. */
export function hasEverything({ canary }: TargetFacts): boolean {
  return canary !== null && canary.ready >= canary.replicas && canary.weightPercent === 100;
}

export const servingOf = (pods: readonly PodView[]): number => pods.filter((pod) => pod.isServing).length;
export const healthyOf = (pods: readonly PodView[]): number => pods.filter((pod) => pod.isHealthy).length;

export function imageOf({ spec: { containers } }: PodTemplate, name: string): string {
  return (containers.find((container) => container.name === name) ?? containers[0])?.image ?? '';
}

/** Pods that could not even be created, for example because of a quota. */
function failureOf(deployment: Deployment | null): string | null {
  const failure = deployment?.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  return failure?.status === 'True' ? (failure.message ?? 'pods cannot be created') : null;
}
