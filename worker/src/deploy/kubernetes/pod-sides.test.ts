import { expect, test } from 'vitest';
import { pod, type Pod } from './kube-objects.ts';
import { podsLeft, viewPods } from './pod-sides.ts';

const now = Date.parse('2030-01-01T00:10:00Z');

interface PodChanges {
  readonly owner?: string;
  readonly ending?: string;
  readonly conditions?: readonly object[];
  readonly waiting?: object;
}

const aPod = ({ owner = 'shop-abc', ending, conditions, waiting }: PodChanges = {}): Pod =>
  pod.parse({
    metadata: {
      name: 'shop-abc-1',
      labels: { 'pod-template-hash': 'abc', version: 'v1' },
      ownerReferences: [{ kind: 'ReplicaSet', name: owner }],
      ...(ending === undefined ? {} : { deletionTimestamp: ending, deletionGracePeriodSeconds: 30 }),
    },
    status: {
      conditions: conditions ?? [
        { type: 'Ready', status: 'True' },
        { type: 'ContainersReady', status: 'True' },
      ],
      containerStatuses: [{ name: 'shop', state: waiting === undefined ? {} : { waiting } }],
    },
  });

test('pods belong to the workload or to its canary by the name of their ReplicaSet', () => {
  const pods = [aPod(), aPod({ owner: 'shop-canary-abc' }), aPod({ owner: 'shop-worker-abc' })];
  expect(viewPods(pods, 'shop', now).map((view) => view.isCanaryDeployment)).toEqual([false, true]);
});

test('a pod whose gate is closed is healthy but does not serve', () => {
  const conditions = [
    { type: 'ContainersReady', status: 'True' },
    { type: 'Ready', status: 'False' },
    { type: 'sluice.dev/traffic', status: 'False' },
  ];
  expect(viewPods([aPod({ conditions })], 'shop', now)).toMatchObject([
    { isHealthy: true, isServing: false, isOpen: false },
  ]);
});

test('a pod that has just begun to end still serves but is not healthy, and soon it does not count', () => {
  expect(viewPods([aPod({ ending: '2030-01-01T00:10:29Z' })], 'shop', now)).toMatchObject([
    { isHealthy: false, isServing: true },
  ]);
  expect(viewPods([aPod({ ending: '2030-01-01T00:10:20Z' })], 'shop', now)).toEqual([]);
});

test('a pod that ends is left until its last container has ended', () => {
  const ending = aPod({ ending: '2030-01-01T00:10:20Z' });
  expect(podsLeft([ending, aPod({ owner: 'shop-worker-abc' })], 'shop')).toEqual([{ version: 'v1' }]);
  const statuses = [
    { name: 'shop', state: { terminated: { exitCode: 0 } } },
    { name: 'sidecar', state: { running: {} } },
  ];
  const withStatuses = (containerStatuses: readonly unknown[]): Pod =>
    pod.parse({ ...ending, status: { ...ending.status, containerStatuses } });
  expect(podsLeft([withStatuses(statuses)], 'shop')).toHaveLength(1);
  expect(podsLeft([withStatuses(statuses.slice(0, 1))], 'shop')).toEqual([]);
});

test.each(['CrashLoopBackOff', 'ImagePullBackOff'])('%s is a problem, with its message', (reason) => {
  const views = viewPods([aPod({ waiting: { reason, message: 'why' } })], 'shop', now);
  expect(views[0]?.problem).toBe(`${reason} in container shop of pod shop-abc-1: why`);
});

test('a container that is being created is no problem', () => {
  expect(viewPods([aPod({ waiting: { reason: 'ContainerCreating' } })], 'shop', now)[0]?.problem).toBeNull();
});

test.each([
  ['2030-01-01T00:09:50Z', null],
  ['2030-01-01T00:08:00Z', 'Unschedulable: pod shop-abc-1: 0/3 nodes are available'],
])('a pod without a node since %s: %s', (lastTransitionTime, problem) => {
  const message = '0/3 nodes are available';
  const scheduled = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime,
  };
  expect(viewPods([aPod({ conditions: [scheduled] })], 'shop', now)[0]?.problem).toBe(problem);
});
