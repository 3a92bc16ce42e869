import type { ClusterView, DriftView } from '@sluice/pipelines/protocol/api';
import { environmentTarget } from '@sluice/pipelines/protocol/environment';
import { expect, test } from 'vitest';
import { environmentLooks } from './environment-looks.ts';

const good: DriftView = { lookedAt: 1, problem: null, since: null, differences: [], missingRights: [] };
const cluster = (name: string, drift: DriftView | null): ClusterView => ({
  name,
  partition: null,
  current: null,
  rollout: null,
  drift,
});
const targetOf = (...names: readonly string[]) =>
  environmentTarget.parse({
    kind: 'clusters',
    clusters: names.map((name) => ({ name, target: { kind: 'kubernetes', namespace: 'shop' } })),
  });

test('clusters with something to say are named in their order, the good ones counted, unseen ones neither', () => {
  const away = { ...good, problem: 'does not answer' };
  const poor = { ...good, missingRights: [{ apiGroup: '', resource: 'pods', name: null, verbs: ['list'] }] };
  const { wrong, ...rest } = environmentLooks({
    target: targetOf('a', 'b', 'c', 'd'),
    current: null,
    activeRollout: null,
    drift: null,
    clusters: [cluster('a', away), cluster('b', good), cluster('c', poor), cluster('d', null)],
  });
  expect(wrong.map((place) => place.cluster)).toEqual(['a', 'c']);
  expect(rest).toEqual({ good: 1, isAwaited: false, canCheck: true });
});

test('nobody is asked to look during a rollout, nor before the first release to a Docker host', () => {
  const clusters = targetOf('a');
  const docker = environmentTarget.parse({ kind: 'docker', service: 'shop', listenPort: 80 });
  const canCheck = (changes: Partial<Parameters<typeof environmentLooks>[0]>) =>
    environmentLooks({ target: clusters, current: null, activeRollout: null, drift: null, ...changes })
      .canCheck;
  expect(canCheck({})).toBe(true);
  expect(canCheck({ activeRollout: 'r' })).toBe(false);
  expect(canCheck({ target: docker })).toBe(false);
});
