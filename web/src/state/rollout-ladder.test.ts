import type { RolloutPhase } from '@sluice/pipelines/rollout/rollout-state';
import { ladderOf } from '@sluice/pipelines/rollout/ladder';
import { expect, test } from 'vitest';
import { aRollout } from '../../test-server/fixture-rollouts.ts';

const standings = (phase: RolloutPhase, step: number): string =>
  ladderOf(
    aRollout({
      id: '',
      runId: '',
      now: 0,
      phase,
      step,
      weightPercent: 10,
      verdict: null,
      badPerThousand: 0,
      decisions: [],
    }).rollout,
  )
    .map((rung) => rung.standing)
    .join(' ');

test('before the first step, the first step is next', () => {
  expect(standings({ name: 'deploying', since: 0 }, 0)).toBe(
    'next later later later later later later later later later later',
  );
});

test('in the middle, earlier steps are done, one is now and one is next', () => {
  expect(standings({ name: 'awaiting-approval', since: 0, expiresAt: 1 }, 4)).toBe(
    'done done done done now next later later later later later',
  );
});

test('after the last step, the old version stands by and is retired', () => {
  expect(standings({ name: 'baking', until: 1 }, 8)).toBe(
    'done done done done done done done done done now next',
  );
});

test('a rolled-back rollout stopped at its step and never went on', () => {
  expect(standings({ name: 'rolled-back', at: 0, reason: 'r' }, 1)).toBe(
    'done stopped never never never never never never never never never',
  );
});

test('a promoted rollout is done to the end', () => {
  expect(standings({ name: 'succeeded', at: 0 }, 8)).toBe(
    'done done done done done done done done done done done',
  );
});
