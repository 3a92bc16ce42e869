import { describe, expect, test } from 'vitest';
import { parseManifests } from './read-manifests.ts';
import { canaryDeployment, findWorkload, stableDeployment, type Release } from './workload.ts';
import { deployment, type KubeObject } from './kube-objects.ts';

const release: Release = {
  installation: 'i1',
  environment: 'prod',
  version: 'r2-abc',
  image: 'reg/shop@sha256:1',
};

const shop = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, labels: { team: a } }
spec:
  replicas: 4
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      containers:
        - { name: sidecar, image: proxy:1 }
        - { name: shop, image: shop:dev, env: [{ name: VERSION, value: old }, { name: MODE, value: fast }] }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { selector: { app: shop } }
`;

const objects = (text = shop): readonly KubeObject[] => parseManifests(text, 'k8s.yml');
const workload = (text = shop) => findWorkload(objects(text), 'prod');
const canary = () => deployment.parse(canaryDeployment(workload(), release, { replicas: 2, open: 0 }));
const stable = (live: string | null) =>
  deployment.parse(
    stableDeployment(workload(), release, live === null ? null : deployment.parse(objects(live)[0]), 4, {}),
  );

describe('the workload', () => {
  test('is the only Deployment, and the other objects are kept beside it', () => {
    expect(workload().name).toBe('shop');
    expect(workload().others.map(({ kind }) => kind)).toEqual(['Service']);
  });

  test.each([
    ['no Deployment', 'apiVersion: v1\nkind: Service\nmetadata: { name: a }', 'no-workload'],
    ['two Deployments', `${shop}---${shop.replaceAll('shop', 'cart')}`, 'several-workloads'],
    [
      'another namespace',
      shop.replace('name: shop, labels', 'name: shop, namespace: kube-system, labels'),
      'manifest-refused',
    ],
    [
      'the strategy Recreate',
      shop.replace('  replicas: 4', '  strategy: { type: Recreate }'),
      'manifest-refused',
    ],
    ['no containers', shop.replace(/containers:[^]*?---/, 'containers: []\n---'), 'manifest-refused'],
  ])('%s is refused', (_what, text, reason) => {
    expect(() => workload(text)).toThrow(expect.objectContaining({ reason }));
  });
});

describe('the canary', () => {
  test('carries the labels of the Service but has a selector of its own', () => {
    expect(canary().spec.selector.matchLabels).toEqual({ app: 'shop', 'sluice.track': 'canary' });
    expect(canary().spec.template.metadata?.labels).toMatchObject({
      app: 'shop',
      sluice: 'i1',
      version: 'r2-abc',
      'sluice.track': 'canary',
    });
  });

  test('is kept out of the Service by a readiness gate', () => {
    expect(canary().spec.template.spec.readinessGates).toEqual([{ conditionType: 'sluice.dev/traffic' }]);
    expect(stable(null).spec.template.spec.readinessGates).toBeUndefined();
  });

  test('has no such gate where a router shares the traffic', () => {
    const routed = deployment.parse(canaryDeployment(workload(), release, { replicas: 2, open: null }));
    expect(routed.spec.template.spec.readinessGates).toEqual([]);
    expect(routed.metadata.annotations).not.toHaveProperty('sluice.dev/open');
  });

  test('runs the released image in the container that is named like the Deployment', () => {
    expect(canary().spec.template.spec.containers).toEqual([
      { name: 'sidecar', image: 'proxy:1' },
      {
        name: 'shop',
        image: 'reg/shop@sha256:1',
        env: [
          { name: 'MODE', value: 'fast' },
          { name: 'SLUICE_VERSION', value: 'r2-abc' },
          { name: 'VERSION', value: 'r2-abc' },
        ],
      },
    ]);
  });
});

describe('the stable Deployment', () => {
  test('that is new gets the track into its selector', () => {
    expect(stable(null).spec.selector.matchLabels).toEqual({ app: 'shop', 'sluice.track': 'stable' });
  });

  test('that existed before keeps its selector, which cannot be changed', () => {
    expect(stable(shop).spec.selector.matchLabels).toEqual({ app: 'shop' });
  });

  test('never has fewer ready pods than before while it is rolled', () => {
    expect(stable(shop).spec.strategy).toMatchObject({ rollingUpdate: { maxUnavailable: 0 } });
  });

  test('whose live selector the new pods do not match is refused', () => {
    const live = shop.replaceAll('app: shop', 'app: store');
    expect(() => stable(live)).toThrow(expect.objectContaining({ reason: 'selector-changed' }));
  });
});

describe('manifests', () => {
  test('a list counts as its items, and empty documents as nothing', () => {
    const text =
      '---\n---\napiVersion: v1\nkind: List\nitems: [{ apiVersion: v1, kind: Secret, metadata: { name: a } }]';
    expect(objects(text).map(({ kind }) => kind)).toEqual(['Secret']);
  });

  test.each([
    ['broken YAML', 'a: [', /^k8s\.yml:1: /],
    ['a document that is no object', '---\nx: 1\n---\n- 1', /^k8s\.yml:2: apiVersion/],
  ])('%s is named with its line', (_what, text, message) => {
    expect(() => objects(text)).toThrow(message);
  });
});
