// Turns the manifests of a repository into what is applied. Pure.
import { DeployProblem } from '../deploy-problem.ts';
import { deployment, type Deployment, type KubeObject, type PodTemplate } from './kube-objects.ts';
import { canaryName, mark, note, trafficGate } from './marks.ts';

export interface Workload {
  readonly name: string;
  readonly deployment: Deployment;
  /** Everything else, in the order of the files. */
  readonly others: readonly KubeObject[];
}

export interface Release {
  readonly installation: string;
  readonly environment: string;
  readonly version: string;
  readonly image: string;
}

/** Finds the one Deployment that is rolled out. Rejects manifests that this environment must not apply. */
export function findWorkload(objects: readonly KubeObject[], namespace: string): Workload {
  checkNamespaces(objects, namespace);
  const found = objects.filter(({ kind, apiVersion }) => kind === 'Deployment' && apiVersion === 'apps/v1');
  const [only] = found;
  if (only === undefined) throw noWorkload();
  if (found.length > 1) throw severalWorkloads(found.map(({ metadata }) => metadata.name));
  const parsed = deployment.safeParse(only);
  if (!parsed.success) throw malformed(only.metadata.name, parsed.error.issues[0]);
  if (parsed.data.spec.strategy?.type === 'Recreate') throw recreate(only.metadata.name);
  return {
    name: only.metadata.name,
    deployment: parsed.data,
    others: objects.filter((object) => object !== only),
  };
}

export function checkNamespaces(objects: readonly KubeObject[], namespace: string): void {
  for (const { kind, metadata } of objects) {
    const { namespace: own, name } = metadata;
    if (own !== undefined && own !== namespace) throw otherNamespace(kind, name, own, namespace);
  }
}

/** An object beside the workload, marked as ours. */
export function markedObject(object: KubeObject, release: Release): KubeObject {
  const labels = { ...object.metadata.labels, ...ownLabels(release) };
  return { ...object, metadata: { ...object.metadata, labels } };
}

/**
 * The new version beside the old one. Its pods carry the labels of the Service. Without a router, a readiness gate
 * keeps all but `open` of them out of it; with one (null), the Service itself leaves them out.
 */
export function canaryDeployment(
  workload: Workload,
  release: Release,
  { replicas, open }: { readonly replicas: number; readonly open: number | null },
): KubeObject {
  const { spec, metadata } = workload.deployment;
  const selector = {
    ...spec.selector,
    matchLabels: { ...spec.selector.matchLabels, [mark.track]: 'canary' },
  };
  const { name } = workload;
  const template = releaseTemplate(name, spec.template, release, { [mark.track]: 'canary' });
  const gates = [
    ...(template.spec.readinessGates ?? []).filter(({ conditionType }) => conditionType !== trafficGate),
    ...(open === null ? [] : [{ conditionType: trafficGate }]),
  ];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: canaryName(workload.name),
      labels: { ...metadata.labels, ...versionLabels(release), [mark.track]: 'canary' },
      annotations: {
        [note.workload]: workload.name,
        [note.version]: release.version,
        ...(open === null ? {} : { [note.open]: String(open) }),
      },
    },
    spec: {
      ...spec,
      replicas,
      selector,
      strategy: rolling,
      template: { ...template, spec: { ...template.spec, readinessGates: gates } },
    },
  };
}

/**
 * The workload itself with the new version. `live` is what runs under its name: its selector cannot be changed, so a
 * Deployment that existed before us keeps its own; only a new one gets the track into its selector.
 */
export function stableDeployment(
  workload: Workload,
  release: Release,
  live: Deployment | null,
  replicas: number,
  annotations: Readonly<Record<string, string>>,
): KubeObject {
  const { spec, metadata } = workload.deployment;
  const matchLabels = live?.spec.selector.matchLabels ?? {
    ...spec.selector.matchLabels,
    [mark.track]: 'stable',
  };
  const template = releaseTemplate(workload.name, spec.template, release, { [mark.track]: 'stable' });
  const missing = Object.entries(matchLabels).find(
    ([key, value]) => template.metadata?.labels?.[key] !== value,
  );
  if (missing !== undefined) throw changedSelector(workload.name, missing);
  return {
    ...workload.deployment,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...versionLabels(release), [mark.track]: 'stable' },
      annotations: {
        ...metadata.annotations,
        [note.workload]: workload.name,
        [note.version]: release.version,
        ...annotations,
      },
    },
    spec: {
      ...spec,
      replicas,
      selector: { ...spec.selector, ...live?.spec.selector, matchLabels },
      strategy: rolling,
      template,
    },
  };
}

const rolling = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } };

/** Pods of this release: its image in the container named like the workload, or in the first one. */
export function releaseTemplate(
  workload: string,
  template: PodTemplate,
  release: Release,
  more: Readonly<Record<string, string>>,
): PodTemplate {
  const { containers } = template.spec;
  const chosen = containers.find(({ name }) => name === workload) ?? containers[0];
  const versions = [
    { name: 'SLUICE_VERSION', value: release.version },
    { name: 'VERSION', value: release.version },
  ];
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: { ...template.metadata?.labels, ...versionLabels(release), ...more },
    },
    spec: {
      ...template.spec,
      containers: containers.map((container) =>
        container === chosen
          ? {
              ...container,
              image: release.image,
              env: [
                ...(container.env ?? []).filter(({ name }) => !versions.some((own) => own.name === name)),
                ...versions,
              ],
            }
          : container,
      ),
    },
  };
}

function ownLabels({ installation, environment }: Release): Record<string, string> {
  return { [mark.installation]: installation, [mark.environment]: environment };
}

export function versionLabels(release: Release): Record<string, string> {
  return { ...ownLabels(release), [mark.version]: release.version };
}

function otherNamespace(kind: string, name: string, own: string, namespace: string): DeployProblem {
  return new DeployProblem(
    'manifest-refused',
    `${kind} ${name} names the namespace "${own}", but this environment deploys to "${namespace}": leave \`metadata.namespace\` out.`,
  );
}

function noWorkload(): DeployProblem {
  return new DeployProblem(
    'no-workload',
    'The manifests hold no Deployment and no StatefulSet (apps/v1), so there is nothing to roll out: add one, or name another folder in `manifests`.',
  );
}

export function severalWorkloads(names: readonly string[], kind = 'Deployment'): DeployProblem {
  return new DeployProblem(
    'several-workloads',
    `The manifests hold ${names.length} ${kind}s (${names.join(', ')}), and a deploy stage rolls out exactly one: give each a folder and a stage of its own.`,
  );
}

export function malformed(
  name: string,
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
  kind = 'Deployment',
): DeployProblem {
  const where = issue === undefined ? '' : ` at ${issue.path.map(String).join('.')}: ${issue.message}`;
  return new DeployProblem('manifest-refused', `${kind} ${name} is malformed${where}.`);
}

function recreate(name: string): DeployProblem {
  return new DeployProblem(
    'manifest-refused',
    `Deployment ${name} has the strategy Recreate, which stops the old version before the new one runs: leave \`strategy\` out, traffic is moved by this stage.`,
  );
}

function changedSelector(name: string, [key, value]: readonly [string, string]): DeployProblem {
  return new DeployProblem(
    'selector-changed',
    `Deployment ${name} in the cluster selects pods by ${key}=${value}, which the manifest's pod template does not have, and a selector cannot be changed: give the pods that label, or delete the Deployment by hand.`,
  );
}
