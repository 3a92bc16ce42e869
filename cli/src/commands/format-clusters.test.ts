import type { ClusterView, DriftView } from '@sluice/pipelines/protocol/api';
import { FleetRig } from '@sluice/pipelines/rollout/fleet/fleet-rig';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { clusterLines, formatClusters } from './format-clusters.ts';

const seen: DriftView = { lookedAt: 1, problem: null, since: null, differences: [], missingRights: [] };
const cluster = (name: string, drift: DriftView | null): ClusterView => ({
  name,
  partition: null,
  current: null,
  rollout: null,
  drift,
});

test('below a cluster stands what the last look has found wrong there', () => {
  const missingRights = [{ apiGroup: '', resource: 'pods', name: null, verbs: ['list'] }];
  const lines = clusterLines([
    cluster('a', { ...seen, problem: 'does not answer', missingRights }),
    cluster('b', seen),
    cluster('c', null),
  ]);
  expect(lines.map(stripVTControlCharacters)).toEqual([
    'a  nothing deployed yet',
    '  does not answer',
    '  its credentials may not list pods',
    'b  nothing deployed yet',
    'c  nothing deployed yet',
  ]);
});

test('who holds all clusters, and why, is said with what they go to', () => {
  const rig = new FleetRig([['a'], ['b']]);
  const head = () => formatClusters(rig, []);
  expect(head()).toBe('r13 to the clusters of production: delivering');
  rig.person('hold');
  expect(head()).toBe('r13 to the clusters of production: delivering, held by eve: the night shift is small');
});
