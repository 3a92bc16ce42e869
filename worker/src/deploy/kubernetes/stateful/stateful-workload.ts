// A StatefulSet among the manifests, and what of it is applied for a release. Pure.
import { DeployProblem } from '../../deploy-problem.ts';
import { statefulSet, type KubeObject, type StatefulSet } from '../kube-objects.ts';
import { note } from '../marks.ts';
import {
  checkNamespaces,
  malformed,
  releaseTemplate,
  severalWorkloads,
  versionLabels,
  type Release,
} from '../workload.ts';

export interface StatefulWorkload {
  readonly name: string;
  readonly set: StatefulSet;
  /** Everything else, in the order of the files. */
  readonly others: readonly KubeObject[];
}

const isOf = (kind: string) => (object: KubeObject) =>
  object.kind === kind && object.apiVersion === 'apps/v1';

/** A Deployment is the workload where there is one; a database beside it is applied like other objects. */
export const isStateful = (objects: readonly KubeObject[]): boolean =>
  objects.some(isOf('StatefulSet')) && !objects.some(isOf('Deployment'));

/** Rejects manifests that this environment must not apply. */
export function findStatefulSet(objects: readonly KubeObject[], namespace: string): StatefulWorkload {
  checkNamespaces(objects, namespace);
  const found = objects.filter(isOf('StatefulSet'));
  const names = found.map(({ metadata }) => metadata.name);
  const [name = ''] = names;
  if (found.length > 1) throw severalWorkloads(names, 'StatefulSet');
  const parsed = statefulSet.safeParse(found[0]);
  if (!parsed.success) throw malformed(name, parsed.error.issues[0], 'StatefulSet');
  if (parsed.data.spec.updateStrategy?.type === 'OnDelete') throw onDelete(name);
  return { name, set: parsed.data, others: objects.filter((object) => object !== found[0]) };
}

export interface SetChanges {
  readonly replicas: number;
  /** Pods with this ordinal or a higher one are of the new version. */
  readonly partition: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The StatefulSet with the new version; which pods get it says the partition. */
export function releasedSet(
  { name, set }: StatefulWorkload,
  release: Release,
  { replicas, partition, annotations }: SetChanges,
): KubeObject {
  const { metadata, spec } = set;
  const { updateStrategy } = spec;
  const rollingUpdate = { ...updateStrategy?.rollingUpdate, partition };
  return {
    ...set,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...versionLabels(release) },
      annotations: {
        ...metadata.annotations,
        [note.workload]: name,
        [note.version]: release.version,
        ...annotations,
      },
    },
    spec: {
      ...spec,
      replicas,
      updateStrategy: { ...updateStrategy, type: 'RollingUpdate', rollingUpdate },
      template: releaseTemplate(name, spec.template, release, {}),
    },
  };
}

function onDelete(name: string): DeployProblem {
  return new DeployProblem(
    'manifest-refused',
    `StatefulSet ${name} has the update strategy OnDelete, with which the cluster replaces no pod: leave \`updateStrategy\` out, this stage says which pods are replaced.`,
  );
}
