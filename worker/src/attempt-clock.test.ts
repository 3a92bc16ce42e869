import { expect, test } from 'vitest';
import { attemptClock, hostClock, type Clock } from './attempt-clock.ts';

test('an attempt that another process takes up goes on in time, whatever the host’s clock says by then', () => {
  const clock: Clock = { now: () => 99_000_000, tick: () => ({ uptime: 'one', ms: 700 }) };
  expect(attemptClock(clock, { startedAt: 5_000, startedTick: { uptime: 'one', ms: 200 } })()).toBe(5_500);
});

test('after a new start of the host its clock is believed, but never backward', () => {
  const at = (now: number): number =>
    attemptClock(
      { now: () => now, tick: () => ({ uptime: 'two', ms: 3 }) },
      { startedAt: 5_000, startedTick: null },
    )();
  expect([at(6_000), at(1_000)]).toEqual([6_000, 5_000]);
});

test('the host’s tick grows', () => {
  const clock = hostClock();
  const before = clock.tick();
  const after = clock.tick();
  expect(after.ms).toBeGreaterThanOrEqual(before.ms);
  expect(after.uptime).toBe(before.uptime);
});
