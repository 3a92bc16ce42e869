import { FleetRig } from '@sluice/pipelines/rollout/fleet/fleet-rig';
import { expect, test } from 'vitest';
import { formatClusters } from './format-clusters.ts';

test('who holds all clusters, and why, is said with what they go to', () => {
  const rig = new FleetRig([['a'], ['b']]);
  const head = () => formatClusters(rig, []);
  expect(head()).toBe('r13 to the clusters of production: delivering');
  rig.person('hold');
  expect(head()).toBe('r13 to the clusters of production: delivering, held by eve: the night shift is small');
});
