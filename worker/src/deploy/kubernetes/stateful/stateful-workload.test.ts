import { describe, expect, test } from 'vitest';
import { pod, statefulSet, type StatefulSet } from '../kube-objects.ts';
import { viewSetPods } from '../pod-sides.ts';
import { parseManifests } from '../read-manifests.ts';
import { setFacts } from './open-set.ts';
import { newPodsFor } from './replace-pods.ts';
import { findStatefulSet, isStateful, releasedSet } from './stateful-workload.ts';

const release = { installation: 'i1', environment: 'prod', version: 'v2', image: 'reg/db@sha256:1' };
const text = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 3
  serviceName: db
  selector: { matchLabels: { app: db } }
  updateStrategy: { rollingUpdate: { maxUnavailable: 1 } }
  volumeClaimTemplates: [{ metadata: { name: data } }]
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: db, image: db:dev }] }
---
apiVersion: v1
kind: Service
metadata: { name: db }
`;
const objects = (yaml = text) => parseManifests(yaml, 'db.yml');
const set = (
  changes: { replicas?: number; partition?: number; annotations?: Record<string, string> } = {},
) => {
  const { replicas = 3, partition = 3, annotations = {} } = changes;
  const given = { replicas, partition, annotations };
  return statefulSet.parse(releasedSet(findStatefulSet(objects(), 'prod'), release, given));
};

describe('a StatefulSet', () => {
  test('is the workload where there is no Deployment', () => {
    expect(isStateful(objects())).toBe(true);
    const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n';
    expect(isStateful(objects(`${text}---\n${deployment}`))).toBe(false);
    expect(findStatefulSet(objects(), 'prod')).toMatchObject({ name: 'db', others: [{ kind: 'Service' }] });
  });

  test.each([
    ['two of them', `${text}---${text.replaceAll('db', 'cache')}`, 'several-workloads'],
    [
      'one that replaces no pods',
      text.replace('rollingUpdate: { maxUnavailable: 1 }', 'type: OnDelete'),
      'manifest-refused',
    ],
    [
      'one of another namespace',
      text.replace('{ name: db }', '{ name: db, namespace: a }'),
      'manifest-refused',
    ],
    ['one without a template', text.replace(/template:[^]*?---/, '\n---'), 'manifest-refused'],
  ])('%s is refused', (_what, yaml, reason) => {
    expect(() => findStatefulSet(objects(yaml), 'prod')).toThrow(expect.objectContaining({ reason }));
  });

  test('is applied with the release in its template and a partition, and as it was else', () => {
    const applied = set({ partition: 2 });
    expect(applied.spec).toMatchObject({
      serviceName: 'db',
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, partition: 2 } },
    });
    expect(applied.spec.template.metadata?.labels).toEqual({
      app: 'db',
      sluice: 'i1',
      'sluice.environment': 'prod',
      version: 'v2',
    });
    expect(applied.spec.template.spec.containers[0]).toMatchObject({ image: 'reg/db@sha256:1' });
  });
});

test.each([
  [0, 3, 0],
  [1, 3, 1],
  [50, 4, 2],
  [99, 3, 2],
  [100, 3, 3],
])('%i %% of the traffic of %i pods are %i pods', (percent, replicas, wanted) => {
  expect(newPodsFor(percent, replicas)).toBe(wanted);
});

describe('facts of a StatefulSet', () => {
  const before = { 'sluice.dev/stable-version': 'v1', 'sluice.dev/stable-replicas': '3' };
  const podOf = (ordinal: number, version: string, ready = true) =>
    pod.parse({
      metadata: {
        name: `db-${ordinal}`,
        labels: { version },
        ownerReferences: [{ kind: 'StatefulSet', name: 'db' }],
      },
      status: {
        conditions: ['Ready', 'ContainersReady'].map((type) => ({ type, status: ready ? 'True' : 'False' })),
      },
    });
  const facts = (stable: StatefulSet, pods: readonly ReturnType<typeof podOf>[]) =>
    setFacts({ name: 'db', stable, canary: null, pods: viewSetPods(pods, 'db', 0), left: [] }, release);

  test('count places: what is new by what is wanted, what is old by what is left', () => {
    const stable = set({ annotations: { ...before, 'sluice.dev/open': '2' } });
    const seen = facts(stable, [podOf(0, 'v1'), podOf(1, 'v2', false), podOf(2, 'v2')]);
    expect(seen.stable).toMatchObject({ version: 'v1', replicas: 1, ready: 1, weightPercent: 50 });
    expect(seen.canary).toMatchObject({
      version: 'v2',
      replicas: 2,
      ready: 1,
      weightPercent: 50,
      inPlace: true,
    });
  });

  test('name no new side once it is rolled back or promoted for good', () => {
    const old = set({ annotations: { ...before, 'sluice.dev/version': 'v1' } });
    expect(facts(old, [podOf(0, 'v1')]).canary).toBeNull();
    const kept = set({ annotations: { 'sluice.dev/stable-version': 'v2' } });
    const pods = [podOf(0, 'v2'), podOf(1, 'v2'), podOf(2, 'v2')];
    expect(facts(kept, pods)).toMatchObject({ stable: { version: 'v2', ready: 3 }, canary: null });
  });
});
