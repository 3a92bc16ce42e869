import { expect, test } from 'vitest';
import { pauseAfter, settle } from './settle.ts';

const never = new AbortController().signal;

test('a step is repeated while it makes progress by itself', async () => {
  const states = ['moving', 'moving', 'waiting', 'done'] as const;
  let steps = 0;
  expect(await settle(() => states[steps++] ?? 'done', never)).toBe('waiting');
  expect(steps).toBe(3);
});

test('a cluster that is slow to answer is asked less often, and never forgotten', () => {
  expect(pauseAfter(10)).toBe(250);
  expect(pauseAfter(100)).toBe(1_000);
  expect(pauseAfter(30_000)).toBe(2_000);
});
