import type { TargetFacts } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient, ObjectRef } from '../kube-client.ts';
import { statefulSet, type StatefulSet } from '../kube-objects.ts';
import { mark, note } from '../marks.ts';
import { fullReplicas, stableVersion, templateVersion, type OpenWorkload } from '../open-workload.ts';
import { setPodsLeft, viewSetPods } from '../pod-sides.ts';
import { notedTemplate } from '../return-traffic.ts';
import {
  healthyOf,
  imageOf,
  replicaAbilities,
  servingOf,
  shares,
  side,
  sidesOf,
  workloadFacts,
} from '../workload-facts.ts';
import type { Release } from '../workload.ts';

/** A StatefulSet in the cluster at one moment; it stands for both versions. */
export interface OpenSet extends OpenWorkload {
  readonly stable: StatefulSet | null;
  readonly canary: null;
}

export const setRef = (name: string): ObjectRef => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', name });

/** The name of the StatefulSet that this rollout has touched; null: none, or none that may be seen. */
export async function touchedSet(client: KubeClient, release: Release): Promise<string | null> {
  const labels = { [mark.installation]: release.installation, [mark.version]: release.version };
  try {
    const [found] = await client.list({ apiVersion: 'apps/v1', kind: 'StatefulSet' }, labels);
    return found?.metadata.name ?? null;
  } catch (error) {
    if (error instanceof DeployProblem && error.reason === 'forbidden') return null;
    throw error;
  }
}

export async function openSet(client: KubeClient, name: string, now: number): Promise<OpenSet> {
  const found = await client.find(setRef(name));
  const stable = found === null ? null : statefulSet.parse(found);
  const pods = stable === null ? [] : await client.pods(stable.spec.selector.matchLabels ?? {});
  return { name, stable, canary: null, pods: viewSetPods(pods, name, now), left: setPodsLeft(pods, name) };
}

/** Pods that should be of the new version. */
export const wantedNew = ({ stable }: OpenSet): number =>
  Number(stable?.metadata.annotations?.[note.open] ?? 0);

export const partitionOf = ({ stable }: OpenSet): number =>
  stable?.spec.updateStrategy?.rollingUpdate?.partition ?? 0;

/** A side's weight is its share of the pods that get traffic; pods take each other's places. */
export function setFacts(open: OpenSet, release: Release): TargetFacts {
  const { stable, name } = open;
  const { version, image } = release;
  const before = stableVersion(open);
  const nothing = { stable: null, canary: null, address: null, can: replicaAbilities };
  if (stable === null) return nothing;
  if (before === version) return workloadFacts(open, release);
  const { old, fresh } = sidesOf(open, version);
  const isNew = templateVersion(open) === version;
  const wanted = isNew ? wantedNew(open) : fresh.length;
  const left = Math.max(0, fullReplicas(open) - wanted);
  const weight = shares(old, fresh);
  const template = (isNew ? notedTemplate(stable) : null) ?? stable.spec.template;
  const fresher = side(version, image, wanted, fresh, weight.fresh, healthyOf(fresh), null);
  return {
    ...nothing,
    stable:
      before === null
        ? null
        : side(before, imageOf(template, name), left, old, weight.old, servingOf(old), null),
    // Until the notes are gone, what it has changed is not all as it was.
    canary:
      isNew || fresh.length > 0 || notedTemplate(stable) !== null ? { ...fresher, inPlace: true } : null,
  };
}
