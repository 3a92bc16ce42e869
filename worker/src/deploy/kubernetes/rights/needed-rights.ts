import type { DeployWork } from '@sluice/pipelines/language/definition';
import { canaryName } from '../marks.ts';

/** One thing that one may do in a namespace. */
export interface Right {
  readonly apiGroup: string;
  /** Plural, with its subresource: `pods/status`. */
  readonly resource: string;
  /** Null: all of the namespace. */
  readonly name: string | null;
  readonly verb: string;
}

/** An object of the manifests beside the workload, with the plural that the cluster has for its kind. */
export interface AppliedObject {
  readonly apiVersion: string;
  readonly resource: string;
  readonly name: string;
}

/**
 * What a rollout does in its namespace, by its workload (null: not known by name), its other objects and its router. To
 * create what is not there yet is not asked for: who deploys to what others have made may do without.
 */
export function neededRights(
  workload: string | null,
  others: readonly AppliedObject[],
  work: Pick<DeployWork, 'traffic'>,
): readonly Right[] {
  return [
    ...rightsOfAny,
    ...(workload === null
      ? []
      : [
          ...own('deployments', workload, 'get', 'patch'),
          ...own('deployments', canaryName(workload), 'get', 'create', 'patch', 'delete'),
        ]),
    ...others.map(({ apiVersion, resource, name }) => ({
      apiGroup: groupOf(apiVersion),
      resource,
      name,
      verb: 'patch',
    })),
    ...(work.traffic === undefined
      ? own('pods/status', null, 'patch')
      : [...own('pods', null, 'patch'), ...routerRights(work.traffic)]),
  ];
}

function own(resource: string, name: string | null, ...verbs: readonly string[]): readonly Right[] {
  return verbs.map((verb) => ({ apiGroup: resource === 'deployments' ? 'apps' : '', resource, name, verb }));
}

/** What every rollout needs, whatever it releases. */
export const rightsOfAny: readonly Right[] = [
  ...own('deployments', null, 'list'),
  ...own('pods', null, 'list'),
];

const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

function routerRights({ kind, name }: NonNullable<DeployWork['traffic']>): readonly Right[] {
  const on = (apiGroup: string, resource: string, of: string, verbs: readonly string[]): readonly Right[] =>
    verbs.map((verb) => ({ apiGroup, resource, name: of, verb }));
  switch (kind) {
    case 'httproute':
      return on('gateway.networking.k8s.io', 'httproutes', name, ['get', 'patch']);
    case 'virtualservice':
      return on('networking.istio.io', 'virtualservices', name, ['get', 'patch']);
    case 'ingress':
      return [
        ...on('networking.k8s.io', 'ingresses', name, ['get', 'patch']),
        ...on('networking.k8s.io', 'ingresses', canaryName(name), ['get', 'create', 'patch', 'delete']),
      ];
  }
}
