import fc from 'fast-check';
import { expect, test } from 'vitest';
import { replicaShare } from './replica-share.ts';

test.each([
  [10, 10, 1, 9],
  [1, 10, 1, 10],
  [50, 10, 5, 5],
  [50, 3, 2, 2],
  [10, 3, 1, 3],
  [10, 1, 1, 1],
  [0, 4, 0, 4],
  [100, 4, 4, 0],
])('%d %% of %d replicas is %d new beside %d old', (percent, replicas, canary, stable) => {
  expect(replicaShare(percent, replicas)).toEqual({ canary, stable });
});

test('capacity never falls, at most one replica is added, and both sides keep one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 200 }), (percent, replicas) => {
      const { canary, stable } = replicaShare(percent, replicas);
      expect(canary + stable).toBeGreaterThanOrEqual(replicas);
      expect(canary + stable).toBeLessThanOrEqual(replicas + 1);
      expect(Math.min(canary, stable)).toBeGreaterThanOrEqual(1);
    }),
  );
});

test('the share is as near as half a replica allows, unless one replica is already too many', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 2, max: 200 }), (percent, replicas) => {
      const { canary, stable } = replicaShare(percent, replicas);
      const share = (100 * canary) / (canary + stable);
      const isAtEdge = canary === 1 || stable === 1;
      expect(isAtEdge || Math.abs(share - percent) <= 50 / replicas).toBe(true);
    }),
  );
});
