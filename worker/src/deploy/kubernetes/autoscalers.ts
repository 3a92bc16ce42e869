// While two versions share the replicas of a workload, an autoscaler would change what was just decided: it is pointed at
// a workload that does not exist, which its events say, and back when the rollout is over.
import { z } from 'zod';
import { DeployProblem } from '../deploy-problem.ts';
import type { KubeClient } from './kube-client.ts';
import { kubeObject, type KubeObject } from './kube-objects.ts';
import { note } from './marks.ts';

export interface ScaledWorkload {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly name: string;
}

const autoscaler = kubeObject.extend({
  spec: z.looseObject({ scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }) }),
});
type Autoscaler = z.infer<typeof autoscaler>;

/** Nothing has this name: a dot cannot stand in that of our canary, and nobody else ends names so. */
const heldName = (name: string): string => `${name}.held-by-sluice`;

/** Names of the autoscalers of a workload. Empty also where this kubeconfig may not see them. */
export async function autoscalersOf(
  client: KubeClient,
  workload: ScaledWorkload,
): Promise<readonly string[]> {
  return (await find(client, workload)).map(({ metadata }) => metadata.name);
}

/** Idempotent. Names of those that were not held yet. */
export async function holdAutoscalers(
  client: KubeClient,
  workload: ScaledWorkload,
): Promise<readonly string[]> {
  const loose = (await find(client, workload)).filter(
    ({ spec }) => spec.scaleTargetRef.name === workload.name,
  );
  for (const each of loose) {
    const annotations = { [note.scales]: workload.name };
    await client.mergeInto(each, {
      metadata: { annotations },
      spec: { scaleTargetRef: { name: heldName(workload.name) } },
    });
  }
  return loose.map(({ metadata }) => metadata.name);
}

/** Idempotent. Names of those that were held until now. */
export async function releaseAutoscalers(
  client: KubeClient,
  workload: ScaledWorkload,
): Promise<readonly string[]> {
  const held = (await find(client, workload)).filter(
    ({ spec }) => spec.scaleTargetRef.name !== workload.name,
  );
  for (const each of held) {
    await client.mergeInto(each, {
      metadata: { annotations: { [note.scales]: null } },
      spec: { scaleTargetRef: { name: workload.name } },
    });
  }
  return held.map(({ metadata }) => metadata.name);
}

/** Those that scale the workload, or did before they were held. */
async function find(client: KubeClient, { kind, name }: ScaledWorkload): Promise<readonly Autoscaler[]> {
  return (await list(client))
    .map((object) => autoscaler.parse(object))
    .filter(({ metadata, spec: { scaleTargetRef: target } }) => {
      const isHeld = target.name === heldName(name) && metadata.annotations?.[note.scales] === name;
      return target.kind === kind && (target.name === name || isHeld);
    });
}

async function list(client: KubeClient): Promise<readonly KubeObject[]> {
  try {
    return await client.list({ apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler' }, {});
  } catch (error) {
    if (error instanceof DeployProblem && error.reason === 'forbidden') return [];
    throw error;
  }
}
