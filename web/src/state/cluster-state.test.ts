import type { ClusterRolloutView } from '@sluice/pipelines/protocol/api';
import { expect, test } from 'vitest';
import { byWave, clusterState, reachesMore } from './cluster-state.ts';

const cluster = (name: string, changes: Partial<ClusterRolloutView> = {}): ClusterRolloutView => ({
  name,
  wave: 1,
  status: 'delivering',
  note: null,
  since: 0,
  rolloutId: null,
  phase: null,
  ...changes,
});

test('a cluster under way is in the state of its own rollout', () => {
  expect(clusterState(cluster('a'))).toBe('running');
  expect(clusterState(cluster('a', { phase: 'awaiting-approval' }))).toBe('awaiting-approval');
  expect(clusterState(cluster('a', { status: 'blocked', phase: 'rollback-blocked' }))).toBe('failed');
});

test('clusters stand in their waves, in order', () => {
  const waves = byWave([cluster('b', { wave: 2 }), cluster('a'), cluster('c', { wave: 2 })]);
  expect(waves.map((wave) => wave.map(({ name }) => name))).toEqual([['a'], ['b', 'c']]);
});

test('a cluster whose wave cannot come any more does not wait for it', () => {
  const left = cluster('a', { status: 'waiting', phase: null });
  expect(clusterState(left, reachesMore({ phase: { name: 'delivering', since: 0, wave: 0 } }))).toBe(
    'waiting',
  );
  const held = { by: 'eve', reason: 'why', next: { kind: 'wave', wave: 1 } } as const;
  const paused = { name: 'paused', since: 0, until: null, held } as const;
  expect(clusterState(left, reachesMore({ phase: paused }))).toBe('waiting');
  const back = { name: 'rolling-back', since: 0, reason: 'b failed', cancelled: false } as const;
  expect(clusterState(left, reachesMore({ phase: back }))).toBe('skipped');
});
