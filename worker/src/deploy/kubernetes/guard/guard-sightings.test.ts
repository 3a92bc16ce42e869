import { expect, test } from 'vitest';
import { guardSightings } from './guard-sightings.ts';

test('a guard that a worker sees for the first time counts as there, and for as long as its heartbeat goes on', () => {
  let now = 0;
  const guards = guardSightings(() => now);
  for (const heartbeat of ['a', 'b', 'c']) {
    expect(guards.isHeard('production shop', heartbeat)).toBe(true);
    now += 60_000;
  }
  expect(guards.isHeard('production shop', 'c')).toBe(false);
  expect(guards.isHeard('staging shop', 'c')).toBe(true);
  expect(guards.isHeard('production shop', 'd')).toBe(true);
});

test('two actions right after each other say nothing of it', () => {
  let now = 0;
  const guards = guardSightings(() => now);
  guards.isHeard('shop', 'a');
  now += 1_500;
  expect(guards.isHeard('shop', 'a')).toBe(true);
});
