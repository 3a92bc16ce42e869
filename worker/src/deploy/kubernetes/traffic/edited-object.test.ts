import { expect, test } from 'vitest';
import type { Traffic } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../../deploy-problem.ts';
import type { KubeClient } from '../kube-client.ts';
import { kubeObject, type KubeObject } from '../kube-objects.ts';
import { editedObject } from './edited-object.ts';
import { httpRouteRules } from './http-route-rules.ts';

const pair = { stable: 'shop', canary: 'shop-canary' };
const traffic = (given: Partial<Traffic>): Traffic => ({ percent: 0, match: [], mirrorPercent: 0, ...given });

interface Cluster {
  /** What the API server makes of an object that is written. */
  readonly store?: (object: KubeObject) => KubeObject;
  readonly serves?: readonly string[];
}

/** A cluster with one route, which counts how often it was written. */
function aCluster({ store = (object) => object, serves = ['gateway.networking.k8s.io/v1'] }: Cluster = {}) {
  let route = kubeObject.parse({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'shop', resourceVersion: '1' },
    spec: { hostnames: ['a.example.com'], rules: [{ backendRefs: [{ name: 'shop', port: 80 }] }] },
  });
  let writes = 0;
  let races = 0;
  const unused = (): never => {
    throw new Error('not used here');
  };
  const client: KubeClient = {
    namespace: 'store',
    deployment: unused,
    deployments: unused,
    pods: unused,
    tryOut: unused,
    replaceIn: unused,
    abilities: unused,
    list: unused,
    readyAddresses: unused,
    patchDeployment: unused,
    replaceInDeployment: unused,
    patchPodStatus: unused,
    patchPodLabels: unused,
    removeDeployment: unused,
    remove: unused,
    checkKind: unused,
    pluralOf: unused,
    checkNamespace: unused,
    ownRules: unused,
    mayI: unused,
    serves: (apiVersion) => Promise.resolve(serves.includes(apiVersion)),
    find: ({ name }) => Promise.resolve(name === 'shop' ? route : null),
    apply: (object) => Promise.resolve(store(object)),
    mergeInto: (object, patch, { dryRun = false } = {}) => {
      if (!dryRun && races > 0) {
        races -= 1;
        return Promise.reject(new DeployProblem('conflict', 'somebody was faster', { retryable: true }));
      }
      const changed = store(kubeObject.parse(merged(object, patch)));
      if (!dryRun) {
        route = changed;
        writes += 1;
      }
      return Promise.resolve(changed);
    },
  };
  return {
    router: editedObject(client, httpRouteRules, 'shop'),
    missing: editedObject(client, httpRouteRules, 'none'),
    route: () => route,
    writes: () => writes,
    race: (times: number) => {
      races = times;
    },
  };
}

/** JSON merge patch (RFC 7396). */
function merged(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

test('traffic is written once, with a note of what was there, and taken back to the byte', async () => {
  const cluster = aCluster();
  const before = JSON.stringify(cluster.route());
  await cluster.router.give(pair, traffic({ percent: 10 }));
  await cluster.router.give(pair, traffic({ percent: 10 }));
  expect(cluster.writes()).toBe(1);
  expect(cluster.route().metadata.annotations).toEqual({
    'sluice.dev/route-before': '[{"backendRefs":[{"name":"shop","port":80}]}]',
  });
  await cluster.router.give(pair, traffic({ percent: 100, mirrorPercent: 5 }));
  await cluster.router.restore(pair);
  await cluster.router.restore(pair);
  expect(cluster.writes()).toBe(3);
  expect(JSON.parse(JSON.stringify(cluster.route()))).toEqual({
    ...JSON.parse(before),
    metadata: { name: 'shop', resourceVersion: '1', annotations: {} },
  });
});

test('a change that somebody else was faster than is made again, and given up after some times', async () => {
  const cluster = aCluster();
  cluster.race(2);
  await cluster.router.give(pair, traffic({ percent: 10 }));
  expect((await cluster.router.read(pair)).traffic.percent).toBe(10);
  cluster.race(9);
  await expect(cluster.router.give(pair, traffic({ percent: 20 }))).rejects.toMatchObject({
    reason: 'conflict',
  });
});

test('definitions that drop the percent of a mirror are found by the rehearsal', async () => {
  const withoutPercent = (object: KubeObject): KubeObject =>
    kubeObject.parse(JSON.parse(JSON.stringify(object).replaceAll(/,"percent":\d+/g, '')));
  const cluster = aCluster({ store: withoutPercent });
  await cluster.router.rehearse(pair, [traffic({ percent: 50 }), traffic({ mirrorPercent: 100 })], null);
  const some = cluster.router.rehearse(pair, [traffic({ mirrorPercent: 10 })], null);
  await expect(some).rejects.toMatchObject({
    reason: 'route-refused',
    message: expect.stringMatching(/asked for 0 %, a mirror of 10 % and would keep 0 %, a mirror of 100 %/),
  });
  expect(cluster.writes()).toBe(0);
});

test('a cluster without the API, and a route that is not there, are told apart', async () => {
  const none = aCluster({ serves: [] }).router.services(null);
  await expect(none).rejects.toMatchObject({
    reason: 'route-api-missing',
    message: /install the Gateway API/,
  });
  const old = aCluster({ serves: ['gateway.networking.k8s.io/v1beta1'] }).router.services(null);
  expect(await old).toEqual(['shop']);
  await expect(aCluster().missing.read(pair)).rejects.toMatchObject({ reason: 'route-missing' });
});
