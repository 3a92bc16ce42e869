// The Deployment or StatefulSet that a rollout has left, who has written it since, and what the credentials may do. Reads only.
import type { DriftLook, DriftReport } from '@sluice/pipelines/protocol/drift';
import { z } from 'zod';
import { DeployProblem } from '../deploy/deploy-problem.ts';
import { autoscalersOf } from '../deploy/kubernetes/autoscalers.ts';
import { fieldManager, kubeClient, type KubeClient } from '../deploy/kubernetes/kube-client.ts';
import { connectKubernetes } from '../deploy/kubernetes/kube-connection.ts';
import { statefulSet, type Deployment } from '../deploy/kubernetes/kube-objects.ts';
import { mark, note } from '../deploy/kubernetes/marks.ts';
import { missingRights } from '../deploy/kubernetes/rights/check-rights.ts';
import { neededRights, rightsOfAny, type Right } from '../deploy/kubernetes/rights/needed-rights.ts';

type Target = Extract<DriftLook['target'], { readonly kind: 'kubernetes' }>;
export type Looked = Pick<DriftReport, 'seen' | 'missingRights'>;

/** Rejects when the cluster does not answer; what it refuses is `unreadable`, with what is missing beside it. */
export async function lookAtDeployment(
  look: DriftLook,
  { namespace }: Target,
  ownPath: string | null,
  signal: AbortSignal,
): Promise<Looked> {
  const connection = await connectKubernetes({ text: look.kubeconfig, ownPath }, signal);
  try {
    const client = kubeClient(connection, namespace);
    const found = await orProblem(findWorkload(client, look));
    const missing = await missingRights(client, rightsFor(look, found));
    return { seen: await seenOf(client, found), missingRights: missing };
  } finally {
    connection.close();
  }
}

interface FoundWorkload {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly object: Deployment;
}

/** Of all that bears our labels, the one that a rollout has made the stable one; null: there is none. */
async function findWorkload(
  client: KubeClient,
  { installation, environment, released }: DriftLook,
): Promise<FoundWorkload | null> {
  const labels = { [mark.installation]: installation, [mark.environment]: environment };
  const stable = (await client.deployments(labels)).find(
    ({ metadata }) => isReleased(metadata.annotations) && metadata.labels?.[mark.track] === 'stable',
  );
  if (stable !== undefined) return { kind: 'Deployment', object: stable };
  const sets = await orProblem(client.list({ apiVersion: 'apps/v1', kind: 'StatefulSet' }, labels));
  if (sets instanceof DeployProblem) {
    // Rollouts of Deployments do without that right, so before the first release it proves nothing.
    if (released === null && sets.reason === 'forbidden') return null;
    throw sets;
  }
  const [set] = sets
    .flatMap((each) => statefulSet.safeParse(each).data ?? [])
    .filter(({ metadata }) => isReleased(metadata.annotations));
  return set === undefined ? null : { kind: 'StatefulSet', object: set };
}

const isReleased = (annotations: Readonly<Record<string, string>> = {}): boolean =>
  annotations[note.version] !== undefined;

/** Objects beside the workload are known to its manifests alone: rollouts ask for those. */
function rightsFor({ released }: DriftLook, found: FoundWorkload | DeployProblem | null): readonly Right[] {
  const isUnknown = found === null || found instanceof DeployProblem;
  if (released === null || (!isUnknown && found.kind === 'StatefulSet')) return rightsOfAny;
  return neededRights(isUnknown ? null : found.object.metadata.name, [], released);
}

async function seenOf(
  client: KubeClient,
  found: FoundWorkload | DeployProblem | null,
): Promise<DriftReport['seen']> {
  if (found instanceof DeployProblem) return { kind: 'unreadable', message: messageOf(found) };
  if (found === null) {
    const problem = await orProblem(client.checkNamespace());
    return problem === undefined ? { kind: 'gone' } : { kind: 'gone', message: messageOf(problem) };
  }
  const { kind, object } = found;
  const scalers = await autoscalersOf(client, { kind, name: object.metadata.name });
  return workloadSeen(object, scalers.length > 0);
}

const messageOf = ({ message }: DeployProblem): string => message.slice(0, 2_000);

async function orProblem<T>(work: Promise<T>): Promise<T | DeployProblem> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DeployProblem) return error;
    throw error;
  }
}

function workloadSeen(found: Deployment, isAutoscaled: boolean): DriftReport['seen'] {
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
