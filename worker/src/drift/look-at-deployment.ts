// The Deployment or StatefulSet that a rollout has left, and who has written it since. Reads only.
import type { DriftLook, DriftReport } from '@sluice/pipelines/protocol/drift';
import { z } from 'zod';
import { autoscalersOf } from '../deploy/kubernetes/autoscalers.ts';
import { fieldManager, kubeClient, type KubeClient } from '../deploy/kubernetes/kube-client.ts';
import { connectKubernetes } from '../deploy/kubernetes/kube-connection.ts';
import { statefulSet, type Deployment } from '../deploy/kubernetes/kube-objects.ts';
import { mark, note } from '../deploy/kubernetes/marks.ts';

type Target = Extract<DriftLook['target'], { readonly kind: 'kubernetes' }>;

export async function lookAtDeployment(
  { environment, installation, kubeconfig }: DriftLook,
  { namespace }: Target,
  ownPath: string | null,
  signal: AbortSignal,
): Promise<DriftReport['seen']> {
  const connection = await connectKubernetes({ text: kubeconfig, ownPath }, signal);
  try {
    const client = kubeClient(connection, namespace);
    const found = await findWorkload(client, { installation, environment });
    if (found === null) return { kind: 'gone' };
    const { kind, object } = found;
    const scalers = await autoscalersOf(client, { kind, name: object.metadata.name });
    return seenOf(object, scalers.length > 0);
  } finally {
    connection.close();
  }
}

/** Of all that bears our labels, the one that a rollout has made the stable one; null: it is gone. */
async function findWorkload(
  client: KubeClient,
  of: { readonly installation: string; readonly environment: string },
): Promise<{ readonly kind: 'Deployment' | 'StatefulSet'; readonly object: Deployment } | null> {
  const labels = { [mark.installation]: of.installation, [mark.environment]: of.environment };
  const stable = (await client.deployments(labels)).find(
    ({ metadata }) => isReleased(metadata.annotations) && metadata.labels?.[mark.track] === 'stable',
  );
  if (stable !== undefined) return { kind: 'Deployment', object: stable };
  const sets = await client.list({ apiVersion: 'apps/v1', kind: 'StatefulSet' }, labels);
  const [set] = sets
    .flatMap((each) => statefulSet.safeParse(each).data ?? [])
    .filter(({ metadata }) => isReleased(metadata.annotations));
  return set === undefined ? null : { kind: 'StatefulSet', object: set };
}

const isReleased = (annotations: Readonly<Record<string, string>> = {}): boolean =>
  annotations[note.version] !== undefined;

function seenOf(found: Deployment, isAutoscaled: boolean): DriftReport['seen'] {
  const { containers } = found.spec.template.spec;
  const container = containers.find(({ name }) => name === found.metadata.name) ?? containers[0];
  return {
    kind: 'found',
    version: found.metadata.annotations?.[note.version] ?? null,
    image: container?.image ?? '',
    replicas: found.spec.replicas ?? 1,
    weightPercent: null,
    changedBy: {
      image: writerOf(found, ...containersOf, `k:{"name":"${container?.name ?? ''}"}`, 'f:image'),
      // Clusters before 1.22 do not note who has scaled.
      replicas: isAutoscaled ? autoscaler : writerOf(found, 'f:spec', 'f:replicas'),
    },
  };
}

const autoscaler = 'horizontal-pod-autoscaler';
const containersOf = ['f:spec', 'f:template', 'f:spec', 'f:containers'];

const managedFields = z.array(
  z.looseObject({ manager: z.string(), time: z.string().nullish(), fieldsV1: z.unknown() }),
);

/**
 * Who owns a field and is not ourselves, the newest of them; null: nobody, or nobody knows. Who changes a value takes the
 * field from those who had set another one.
 */
function writerOf({ metadata }: Deployment, ...path: readonly string[]): string | null {
  const managers = managedFields.safeParse(metadata['managedFields']);
  if (!managers.success) return null;
  const [newest] = managers.data
    .filter(({ manager, fieldsV1 }) => manager !== fieldManager && holds(fieldsV1, path))
    .toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''));
  return newest?.manager.slice(0, 300) ?? null;
}

const holds = (fields: unknown, [first, ...rest]: readonly string[]): boolean => {
  if (first === undefined) return true;
  const below = fieldTree.safeParse(fields).data?.[first];
  return below !== undefined && holds(below, rest);
};

const fieldTree = z.record(z.string(), z.unknown());
