// For tests: the kinds of the Gateway API and of Istio, written by hand with the fields that routers here use. They are
// not the definitions that those projects publish.
import { execFileSync } from 'node:child_process';

/** Makes the lab's cluster know them; they stay. */
export function installDefinitions(): void {
  execFileSync('kubectl', ['apply', '--server-side', '--force-conflicts', '--filename', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [httpRoutes, virtualServices] }),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const names = [httpRoutes, virtualServices].map(({ metadata }) => `crd/${metadata.name}`);
  execFileSync('kubectl', ['wait', '--for=condition=Established', '--timeout=60s', ...names]);
}

const string = { type: 'string' };
const integer = { type: 'integer' };
const array = (items: object, atMost?: number) => ({
  type: 'array',
  items,
  ...(atMost === undefined ? {} : { maxItems: atMost }),
});
const object = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
});
const map = (values: object) => ({ type: 'object', additionalProperties: values });
/** Named and typed, and everything else is kept as it is. */
const open = (properties: object) => ({
  ...object(properties),
  'x-kubernetes-preserve-unknown-fields': true,
});

const backendRef = {
  group: string,
  kind: { ...string, default: 'Service' },
  name: { ...string, minLength: 1 },
  namespace: string,
  port: { ...integer, minimum: 1, maximum: 65_535 },
};
const conditionOf = (key: string) => ({
  ...array(
    object(
      {
        type: { ...string, default: 'Exact', enum: ['Exact', 'RegularExpression'] },
        name: string,
        value: string,
      },
      ['name', 'value'],
    ),
    16,
  ),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
});
const httpRouteRule = object({
  name: string,
  matches: {
    ...array(
      object({
        path: object({ type: { ...string, default: 'PathPrefix' }, value: { ...string, default: '/' } }),
        headers: conditionOf('name'),
        queryParams: conditionOf('name'),
        method: string,
      }),
      64,
    ),
    default: [{ path: { type: 'PathPrefix', value: '/' } }],
  },
  filters: array(
    object(
      {
        type: string,
        requestMirror: object(
          { backendRef: object(backendRef, ['name']), percent: { ...integer, minimum: 0, maximum: 100 } },
          ['backendRef'],
        ),
        requestHeaderModifier: open({}),
      },
      ['type'],
    ),
    16,
  ),
  backendRefs: array(
    object({ ...backendRef, weight: { ...integer, default: 1, minimum: 0, maximum: 1_000_000 } }, ['name']),
    16,
  ),
  timeouts: open({}),
});

const definition = (
  group: string,
  names: { readonly kind: string; readonly plural: string },
  version: string,
  schema: object,
) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${names.plural}.${group}`,
    annotations: { 'api-approved.kubernetes.io': 'unapproved, written by hand for tests' },
  },
  spec: {
    group,
    names: { ...names, singular: names.kind.toLowerCase(), listKind: `${names.kind}List` },
    scope: 'Namespaced',
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: schema, status: open({}) } } },
      },
    ],
  },
});

const httpRoutes = definition(
  'gateway.networking.k8s.io',
  { kind: 'HTTPRoute', plural: 'httproutes' },
  'v1',
  object({
    parentRefs: array(open({ name: string })),
    hostnames: array(string),
    rules: array(httpRouteRule, 16),
  }),
);

const destination = object({ host: string, subset: string, port: object({ number: integer }) }, ['host']);
const stringMatch = object({ exact: string, prefix: string, regex: string });
const virtualServices = definition(
  'networking.istio.io',
  { kind: 'VirtualService', plural: 'virtualservices' },
  'v1beta1',
  object({
    hosts: array(string),
    gateways: array(string),
    http: array(
      object({
        name: string,
        match: array(object({ uri: stringMatch, headers: map(stringMatch), queryParams: map(stringMatch) })),
        route: array(object({ destination, weight: integer }, ['destination'])),
        mirror: destination,
        mirrorPercentage: object({ value: { type: 'number' } }),
        timeout: string,
      }),
    ),
  }),
);
