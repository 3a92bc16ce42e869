// `sluice guard manifests`: what an operator applies so that a guard is at work in a namespace, with the rights to put
// the named routes back and no other.
import { stringify } from 'yaml';
import type { TrafficProvider } from '@sluice/pipelines/language/definition';
import { heartbeatLeaseName, mark, rolloutLeaseName } from '@sluice/worker/deploy/kubernetes/marks';
import { canaryIngressName } from '@sluice/worker/deploy/kubernetes/traffic/canary-ingress';
import { parseProvider } from '@sluice/worker/deploy/kubernetes/traffic/choose-router';

export interface GuardOptions {
  readonly namespace: string;
  /** `httproute/shop`, as in `traffic`. */
  readonly route: readonly string[];
  /** Services of workloads that are rolled out; default: those that are called like a route. */
  readonly service?: readonly string[];
  readonly image: string;
}

const name = heartbeatLeaseName;

/** YAML documents for `kubectl apply`. */
export function guardManifests({ namespace, route, service, image }: GuardOptions): string {
  checkName('--namespace', namespace, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
  const routes = route.map(readRoute);
  const services = service ?? [...new Set(routes.map((each) => each.name))];
  services.forEach((each) => checkName('--service', each, /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/));
  const documents = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    role(namespace, routes, services),
    roleBinding(namespace),
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, labels: { [mark.guard]: 'heartbeat' } },
    },
    deployment(namespace, image),
  ];
  return documents
    .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}

function readRoute(text: string): TrafficProvider {
  const provider = parseProvider(text);
  if (provider === null) {
    throw new Error(
      `--route wants what a stage's traffic says, such as httproute/shop, not ${JSON.stringify(text)}`,
    );
  }
  checkName('--route', provider.name, /^[a-z0-9]([a-z0-9.-]{0,238}[a-z0-9])?$/);
  return provider;
}

function checkName(option: string, text: string, allowed: RegExp): void {
  if (!allowed.test(text)) {
    throw new Error(`${option}: ${JSON.stringify(text)} is no name of such an object in Kubernetes`);
  }
}

function role(namespace: string, routes: readonly TrafficProvider[], services: readonly string[]): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name, namespace },
    rules: [
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['list'] },
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: [name, ...services.map(rolloutLeaseName)],
        verbs: ['patch'],
      },
      { apiGroups: [''], resources: ['endpoints'], resourceNames: services, verbs: ['get'] },
      ...routes.flatMap(rulesOf),
    ],
  };
}

/** To put one back, and nothing else. */
function rulesOf({ kind, name: route }: TrafficProvider): readonly object[] {
  if (kind === 'ingress') {
    const [apiGroups, resources] = [['networking.k8s.io'], ['ingresses']];
    const second = canaryIngressName(route);
    return [
      { apiGroups, resources, resourceNames: [route, second], verbs: ['get'] },
      { apiGroups, resources, resourceNames: [second], verbs: ['delete'] },
    ];
  }
  const [group, resource] =
    kind === 'httproute'
      ? ['gateway.networking.k8s.io', 'httproutes']
      : ['networking.istio.io', 'virtualservices'];
  return [{ apiGroups: [group], resources: [resource], resourceNames: [route], verbs: ['get', 'patch'] }];
}

function roleBinding(namespace: string): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  };
}

function deployment(namespace: string, image: string): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          securityContext: { runAsNonRoot: true, runAsUser: 1000 },
          containers: [
            {
              name: 'guard',
              image,
              args: ['guard', '--namespace', namespace],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              resources: { requests: { cpu: '20m', memory: '256Mi' }, limits: { memory: '384Mi' } },
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          volumes: [{ name: 'tmp', emptyDir: {} }],
        },
      },
    },
  };
}
