import { z } from 'zod';
import { DeployProblem } from '../deploy-problem.ts';
import type { ClusterAbilities } from './manifests/render-chart.ts';
import { accessRules, type AccessRules } from './rights/granted-rights.ts';
import type { Right } from './rights/needed-rights.ts';
import { withProtocols } from './with-protocols.ts';
import type { KubeAnswer, KubeConnection, KubeRequest } from './kube-connection.ts';
import {
  deployment,
  endpoints,
  kubeObject,
  pod,
  type Deployment,
  type KubeObject,
  type Pod,
} from './kube-objects.ts';

/** The name of one object in the namespace. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** What a target does with one namespace. Every call rejects with a `DeployProblem` when the API refuses it. */
export interface KubeClient {
  readonly namespace: string;
  readonly deployment: (name: string) => Promise<Deployment | null>;
  readonly deployments: (labels: Readonly<Record<string, string>>) => Promise<readonly Deployment[]>;
  readonly pods: (labels: Readonly<Record<string, string>>) => Promise<readonly Pod[]>;
  readonly list: (
    kind: Omit<ObjectRef, 'name'>,
    labels: Readonly<Record<string, string>>,
  ) => Promise<readonly KubeObject[]>;
  /** Null: there is none. */
  readonly find: (object: ObjectRef) => Promise<KubeObject | null>;
  /** Whether the cluster knows the kind, as one that belongs to namespaces. */
  readonly serves: (apiVersion: string, kind: string) => Promise<boolean>;
  /** What templates may ask about the cluster. */
  readonly abilities: () => Promise<ClusterAbilities>;
  /** Ready addresses of a Service. */
  readonly readyAddresses: (service: string) => Promise<number>;
  /** Server-side apply as the field manager `sluice`, taking fields over from others; gives what it has become. */
  readonly apply: (object: KubeObject, options?: ChangeOptions) => Promise<KubeObject>;
  /**
   * What would be applied is checked by the cluster, and nothing is changed. Gives the fields that would be taken over from
   * others. Where a webhook of the cluster does not allow that, nothing is known before.
   */
  readonly tryOut: (object: KubeObject) => Promise<readonly FieldConflict[]>;
  /** JSON merge patch. One with a `resourceVersion` is a `conflict` where the object has changed since. */
  readonly mergeInto: (object: KubeObject, patch: object, options?: ChangeOptions) => Promise<KubeObject>;
  /** With a `resourceVersion` it is a `conflict` where the object has changed since. */
  readonly remove: (object: ObjectRef, resourceVersion?: string) => Promise<void>;
  /** JSON patch: for fields that must be replaced as a whole. */
  readonly replaceIn: (object: ObjectRef, operations: readonly object[]) => Promise<void>;
  readonly patchPodLabels: (name: string, labels: Readonly<Record<string, string>>) => Promise<void>;
  readonly patchDeployment: (name: string, patch: object) => Promise<void>;
  /** JSON patch: for fields that must be replaced as a whole. */
  readonly replaceInDeployment: (name: string, operations: readonly object[]) => Promise<void>;
  readonly patchPodStatus: (name: string, status: object) => Promise<void>;
  /** The object is gone at once, its pods end in the background. */
  readonly removeDeployment: (name: string) => Promise<void>;
  /** Rejects when the cluster does not know the kind, or it belongs to no namespace. */
  readonly checkKind: (object: KubeObject) => Promise<void>;
  /** The plural that the cluster has for the kind; rejects like `checkKind`. */
  readonly pluralOf: (object: KubeObject) => Promise<string>;
  /** Rejects with `namespace-missing` when it is not there; credentials that may not ask prove nothing. */
  readonly checkNamespace: () => Promise<void>;
  /** What these credentials may do in the namespace, as far as the cluster can list it; null: it does not tell. */
  readonly ownRules: () => Promise<AccessRules | null>;
  /** Null: the cluster does not tell. */
  readonly mayI: (right: Right) => Promise<boolean | null>;
}

/** A field, such as `.spec.replicas`, and who else applies it. */
export interface FieldConflict {
  readonly field: string;
  readonly manager: string;
}

interface ChangeOptions {
  /** The cluster checks it, and nothing is changed. */
  readonly dryRun?: boolean;
}

export const fieldManager = 'sluice';

const dry = ({ dryRun = false }: ChangeOptions): string => (dryRun ? '&dryRun=All' : '');

export function kubeClient(connection: KubeConnection, namespace: string): KubeClient {
  const call = async (request: KubeRequest, what: string): Promise<unknown> =>
    accepted(await connection.send(request), what, namespace);
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const managed = `fieldManager=${fieldManager}`;
  const kinds = new Map<string, Promise<KindList>>();

  const kindsOf = (apiVersion: string): Promise<KindList> => {
    const known = kinds.get(apiVersion);
    if (known !== undefined) return known;
    const asked = connection
      .send({ method: 'GET', path: groupPath(apiVersion) })
      .then((answer) => (answer.status === 404 ? { resources: [] } : kindList.parse(answer.body)));
    kinds.set(apiVersion, asked);
    return asked;
  };
  const collectionOf = async (object: ObjectRef): Promise<string> => {
    const { resources } = await kindsOf(object.apiVersion);
    const found = resources.find(({ kind, name }) => kind === object.kind && !name.includes('/'));
    if (found === undefined) throw unknownKind(object);
    if (!found.namespaced) throw clusterScoped(object);
    return `${groupPath(object.apiVersion)}/namespaces/${namespace}/${found.name}`;
  };
  const resourceOf = async (object: ObjectRef): Promise<string> =>
    `${await collectionOf(object)}/${object.name}`;
  /** The `status` of a review of what these credentials may do; undefined: the cluster makes none. */
  const review = async (of: 'rules' | 'access', spec: object): Promise<unknown> => {
    const [kind, plural] =
      of === 'rules'
        ? ['SelfSubjectRulesReview', 'selfsubjectrulesreviews']
        : ['SelfSubjectAccessReview', 'selfsubjectaccessreviews'];
    const answer = await connection.send({
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${plural}`,
      body: { apiVersion: 'authorization.k8s.io/v1', kind, spec },
      contentType: 'application/json',
    });
    return z.object({ status: z.unknown() }).safeParse(answer.body).data?.status;
  };
  const remove = async (path: string, what: string, resourceVersion?: string): Promise<void> => {
    const preconditions = resourceVersion === undefined ? {} : { preconditions: { resourceVersion } };
    const body = { propagationPolicy: 'Background', ...preconditions };
    const answer = await connection.send({ method: 'DELETE', path, body, contentType: 'application/json' });
    if (answer.status !== 404) accepted(answer, `remove ${what}`, namespace);
  };

  return {
    namespace,
    deployment: async (name) => {
      const answer = await connection.send({ method: 'GET', path: `${deployments}/${name}` });
      return answer.status === 404
        ? null
        : deployment.parse(accepted(answer, `read deployment ${name}`, namespace));
    },
    deployments: async (labels) => {
      const path = `${deployments}?labelSelector=${selector(labels)}`;
      const list = await call({ method: 'GET', path }, 'list deployments');
      return z
        .object({ items: z.array(deployment.omit({ apiVersion: true, kind: true })) })
        .parse(list)
        .items.map((item) => deployment.parse({ apiVersion: 'apps/v1', kind: 'Deployment', ...item }));
    },
    pods: async (labels) => {
      const list = await call(
        { method: 'GET', path: `${pods}?labelSelector=${selector(labels)}` },
        'list pods',
      );
      return z.object({ items: z.array(pod) }).parse(list).items;
    },
    list: async ({ apiVersion, kind }, labels) => {
      const path = `${await collectionOf({ apiVersion, kind, name: '' })}?labelSelector=${selector(labels)}`;
      const { items } = listed.parse(await call({ method: 'GET', path }, `list ${kind}s`));
      return items.map((item) => kubeObject.parse({ ...item, apiVersion, kind }));
    },
    find: async (object) => {
      const answer = await connection.send({ method: 'GET', path: await resourceOf(object) });
      if (answer.status === 404) return null;
      return kubeObject.parse(accepted(answer, `read ${object.kind} ${object.name}`, namespace));
    },
    serves: async (apiVersion, kind) => {
      const { resources } = await kindsOf(apiVersion);
      return resources.some((each) => each.kind === kind && each.namespaced);
    },
    abilities: async () => {
      const version = await call({ method: 'GET', path: '/version' }, 'read its version');
      const groups = groupList.parse(await call({ method: 'GET', path: '/apis' }, 'list its APIs')).groups;
      const versions = groups.flatMap((group) => group.versions.map(({ groupVersion }) => groupVersion));
      const { gitVersion } = z.object({ gitVersion: z.string().regex(/^v\d[\w.+-]{0,60}$/) }).parse(version);
      const apiVersions = ['v1', ...versions].filter((each) => /^[\w./-]{1,300}$/.test(each));
      return { namespace, kubeVersion: gitVersion, apiVersions };
    },
    readyAddresses: async (service) => {
      const path = `/api/v1/namespaces/${namespace}/endpoints/${service}`;
      const answer = await connection.send({ method: 'GET', path });
      if (answer.status === 404) return 0;
      const { subsets } = endpoints.parse(accepted(answer, `read endpoints ${service}`, namespace));
      return new Set((subsets ?? []).flatMap(({ addresses }) => addresses ?? []).map(({ ip }) => ip)).size;
    },
    apply: async (manifest, options = {}) => {
      const object = withProtocols(manifest);
      const path = `${await resourceOf(refOf(object))}?${managed}&force=true${dry(options)}`;
      const what = `apply ${object.kind} ${object.metadata.name}`;
      const contentType = 'application/apply-patch+yaml';
      return kubeObject.parse(await call({ method: 'PATCH', path, body: object, contentType }, what));
    },
    tryOut: async (manifest) => {
      const body = withProtocols(manifest);
      const path = `${await resourceOf(refOf(body))}?${managed}&dryRun=All`;
      const contentType = 'application/apply-patch+yaml';
      const what = `apply ${body.kind} ${body.metadata.name}`;
      const answer = await connection.send({
        method: 'PATCH',
        path: `${path}&force=false`,
        body,
        contentType,
      });
      if (cannotTry(answer)) return [];
      if (answer.status !== 409) {
        accepted(answer, what, namespace);
        return [];
      }
      await call({ method: 'PATCH', path: `${path}&force=true`, body, contentType }, what);
      return conflictsIn(answer);
    },
    mergeInto: async (object, patch, options = {}) => {
      const path = `${await resourceOf(refOf(object))}?${managed}${dry(options)}`;
      const what = `change ${object.kind} ${object.metadata.name}`;
      const contentType = 'application/merge-patch+json';
      return kubeObject.parse(await call({ method: 'PATCH', path, body: patch, contentType }, what));
    },
    remove: async (object, resourceVersion) =>
      remove(await resourceOf(object), `${object.kind} ${object.name}`, resourceVersion),
    replaceIn: async (object, operations) => {
      const contentType = 'application/json-patch+json';
      const path = `${await resourceOf(object)}?${managed}`;
      const what = `change ${object.kind} ${object.name}`;
      await call({ method: 'PATCH', path, body: operations, contentType }, what);
    },
    patchPodLabels: async (name, labels) => {
      const contentType = 'application/merge-patch+json';
      const path = `${pods}/${name}?${managed}`;
      const body = { metadata: { labels } };
      const answer = await connection.send({ method: 'PATCH', path, body, contentType });
      if (answer.status !== 404) accepted(answer, `label pod ${name}`, namespace);
    },
    patchDeployment: async (name, patch) => {
      const contentType = 'application/merge-patch+json';
      const path = `${deployments}/${name}?${managed}`;
      await call({ method: 'PATCH', path, body: patch, contentType }, `change deployment ${name}`);
    },
    replaceInDeployment: async (name, operations) => {
      const contentType = 'application/json-patch+json';
      const path = `${deployments}/${name}?${managed}`;
      await call({ method: 'PATCH', path, body: operations, contentType }, `change deployment ${name}`);
    },
    patchPodStatus: async (name, status) => {
      const contentType = 'application/strategic-merge-patch+json';
      const path = `${pods}/${name}/status?${managed}`;
      const answer = await connection.send({ method: 'PATCH', path, body: { status }, contentType });
      if (answer.status !== 404) accepted(answer, `open or close pod ${name} (pods/status)`, namespace);
    },
    removeDeployment: (name) => remove(`${deployments}/${name}`, `deployment ${name}`),
    checkKind: async (object) => {
      await resourceOf(refOf(object));
    },
    pluralOf: async (object) => (await resourceOf(refOf(object))).split('/').at(-2) ?? '',
    checkNamespace: async () => {
      const answer = await connection.send({ method: 'GET', path: `/api/v1/namespaces/${namespace}` });
      if (answer.status === 404) accepted(answer, `read namespace ${namespace}`, namespace);
    },
    ownRules: async () => accessRules.safeParse(await review('rules', { namespace })).data ?? null,
    mayI: async ({ apiGroup, resource: path, name, verb }) => {
      const [resource, subresource] = path.split('/');
      const asked = { namespace, verb, group: apiGroup, resource, ...(name === null ? {} : { name }) };
      const attributes = { ...asked, ...(subresource === undefined ? {} : { subresource }) };
      const status = await review('access', { resourceAttributes: attributes });
      return z.object({ allowed: z.boolean() }).safeParse(status).data?.allowed ?? null;
    },
  };
}

const refOf = ({ apiVersion, kind, metadata }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name: metadata.name,
});

const listed = z.object({ items: z.array(z.looseObject({})) });

const kindList = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});
const groupList = z.object({
  groups: z.array(z.object({ versions: z.array(z.object({ groupVersion: z.string() })) })),
});
type KindList = z.infer<typeof kindList>;

function groupPath(apiVersion: string): string {
  const path = apiVersion.split('/').map(encodeURIComponent).join('/');
  return apiVersion.includes('/') ? `/apis/${path}` : `/api/${path}`;
}

function selector(labels: Readonly<Record<string, string>>): string {
  return encodeURIComponent(
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );
}

const conflict = z.object({
  details: z.object({
    causes: z.array(z.object({ reason: z.string().optional(), message: z.string(), field: z.string() })),
  }),
});

function conflictsIn({ body }: KubeAnswer): readonly FieldConflict[] {
  const parsed = conflict.safeParse(body);
  const causes = parsed.success ? parsed.data.details.causes : [];
  return causes.flatMap(({ reason, message, field }) => {
    const [, manager] = /"([^"]*)"/.exec(message) ?? [];
    return reason === 'FieldManagerConflict' && manager !== undefined ? [{ field, manager }] : [];
  });
}

/** Webhooks that have effects of their own refuse dry runs. */
function cannotTry({ status, body }: KubeAnswer): boolean {
  return status === 400 && /does not support dry run/.test(JSON.stringify(body));
}

/** The body of a good answer; a refusal as a problem that says what to do. */
function accepted({ status, body }: KubeAnswer, what: string, namespace: string): unknown {
  if (status >= 200 && status < 300) return body;
  const parsed = z.object({ message: z.string() }).safeParse(body);
  const said = parsed.success ? parsed.data.message : `status ${status}`;
  throw refusal(status, what, said, namespace);
}

function refusal(status: number, what: string, said: string, namespace: string): DeployProblem {
  if (status === 401) {
    return new DeployProblem(
      'forbidden',
      `The cluster does not accept this kubeconfig's credentials (${what}: ${said}). Renew them in the environment's secret.`,
    );
  }
  if (status === 403 && /exceeded quota/i.test(said)) {
    return new DeployProblem(
      'quota-exceeded',
      `The namespace ${namespace} has no room (${what}: ${said}). Raise its quota or lower the replicas.`,
    );
  }
  if (status === 403) {
    return new DeployProblem(
      'forbidden',
      `The cluster does not allow it (${what}: ${said}). Give this kubeconfig's user that right in namespace ${namespace}; docs/kubernetes-deployments.yml has a Role with all that a deployment needs.`,
    );
  }
  if (status === 404) {
    return new DeployProblem(
      'namespace-missing',
      `The cluster has no such place (${what}: ${said}). Create the namespace ${namespace} first.`,
    );
  }
  const isMalformed = /failed to create typed patch object/.test(said); // clusters before 1.22 say so with 500
  if (status === 429 || (status >= 500 && !isMalformed)) {
    return new DeployProblem(
      'target-unreachable',
      `The cluster's API cannot do it now (${what}: ${said}). It is tried again.`,
      { retryable: true },
    );
  }
  const isConflict = status === 409;
  return new DeployProblem(
    isConflict ? 'conflict' : 'manifest-refused',
    `The cluster refuses to ${what}: ${said}`,
    {
      retryable: isConflict,
    },
  );
}

function unknownKind(object: ObjectRef): DeployProblem {
  return new DeployProblem(
    'manifest-refused',
    `The cluster has no kind ${object.kind} in ${object.apiVersion} (${object.name}): mend the manifest, or install its custom resource definition first.`,
  );
}

function clusterScoped(object: ObjectRef): DeployProblem {
  return new DeployProblem(
    'manifest-refused',
    `${object.kind} ${object.name} belongs to the whole cluster, and a deploy stage may only change its environment's namespace: take it out of the stage's manifests.`,
  );
}
