import type { Decision } from '@sluice/pipelines/rollout/rollout-state';
import { expect, test } from 'vitest';
import { hashDecision } from './hash-decision.ts';

const decision: Decision = {
  at: 1,
  step: 0,
  kind: 'continue',
  by: 'judge',
  reason: 'as good as before',
  verdict: null,
  judge: '1',
};

test('the order of keys does not change the hash', () => {
  const reversed = Object.fromEntries(Object.entries(decision).reverse());
  expect(hashDecision({ ...decision, ...reversed }, null)).toBe(hashDecision(decision, null));
  const { reason, ...rest } = decision;
  expect(hashDecision({ reason, ...rest }, null)).toBe(hashDecision(decision, null));
});

test('the decision and the one before it both change the hash', () => {
  const hashes = [
    hashDecision(decision, null),
    hashDecision(decision, 'a'),
    hashDecision({ ...decision, reason: 'worse' }, null),
  ];
  expect(new Set(hashes).size).toBe(3);
});
