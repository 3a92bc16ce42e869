import { expect, test } from 'vitest';
import { isForgottenCanary } from './forgotten-canary.ts';

const left = { hasStable: true, percent: 0, quietForMs: 60_001 };
const rule = { overMs: 60_000 };

test('what a rollout that ended a while ago left beside the stable version is forgotten', () => {
  expect(isForgottenCanary(left, rule)).toBe(true);
});

test.each([
  ['it gets traffic', { percent: 1 }],
  ['no version is stable yet', { hasStable: false }],
  ['its rollout has just ended', { quietForMs: 60_000 }],
  ['its rollout is open, or none is known', { quietForMs: null }],
])('it is not when %s', (_why, change) => {
  expect(isForgottenCanary({ ...left, ...change }, rule)).toBe(false);
});
