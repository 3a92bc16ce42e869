import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { guardManifests } from './guard-manifests.ts';

const options = { namespace: 'shop', image: 'registry.example.com/sluice:1' };
const documents = (route: readonly string[], service?: readonly string[]) =>
  parseAllDocuments(guardManifests({ ...options, route, ...(service === undefined ? {} : { service }) })).map(
    (each) => each.toJS(),
  );
const rules = (...given: Parameters<typeof documents>) =>
  documents(...given).find(({ kind }) => kind === 'Role').rules;

test('a guard may put the named routes back, and nothing else', () => {
  expect(rules(['httproute/shop', 'ingress/web'], ['shop'])).toEqual([
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['list'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: ['sluice-guard', 'sluice-guard-shop'],
      verbs: ['patch'],
    },
    { apiGroups: [''], resources: ['endpoints'], resourceNames: ['shop'], verbs: ['get'] },
    {
      apiGroups: ['gateway.networking.k8s.io'],
      resources: ['httproutes'],
      resourceNames: ['shop'],
      verbs: ['get', 'patch'],
    },
    {
      apiGroups: ['networking.k8s.io'],
      resources: ['ingresses'],
      resourceNames: ['web', 'web-canary'],
      verbs: ['get'],
    },
    {
      apiGroups: ['networking.k8s.io'],
      resources: ['ingresses'],
      resourceNames: ['web-canary'],
      verbs: ['delete'],
    },
  ]);
});

test('everything is in the one namespace, and Services are called like the routes unless they are named', () => {
  const all = documents(['virtualservice/shop', 'httproute/cart']);
  expect(new Set(all.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['shop']));
  expect(rules(['virtualservice/shop', 'httproute/cart'])[2].resourceNames).toEqual(['shop', 'cart']);
});

test('what is no name of Kubernetes is refused', () => {
  expect(() => documents(['replicas'])).toThrow('--route wants what a stage');
  expect(() => documents(['httproute/Shop_1'])).toThrow('--route: "Shop_1" is no name');
  expect(() => documents(['httproute/shop'], ['a b'])).toThrow('--service: "a b" is no name');
});
