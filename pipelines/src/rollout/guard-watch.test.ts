import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBroken, watchPromise, type WatchedPromise } from './guard-watch.ts';

const gapMs = 4_000;
const looks = (times: readonly number[], renewalAt: (time: number) => string): WatchedPromise | null =>
  times.reduce<WatchedPromise | null>(
    (before, now) => watchPromise(before, renewalAt(now), now, gapMs),
    null,
  );

test('a promise that is renewed in time is never broken, whatever its words say', () => {
  let watched: WatchedPromise | null = null;
  for (let now = 0; now < 600_000; now += 2_000) {
    watched = watchPromise(watched, `renewed at ${-Math.floor(now / 20_000)}`, now, gapMs);
    expect(isBroken(watched, 60_000)).toBe(false);
  }
});

test('it is broken when it was watched for as long as it holds and stayed the same', () => {
  const at = (end: number) => Array.from({ length: end / 2_000 + 1 }, (_, index) => 2_000 * index);
  const almost = looks(at(58_000), () => 'a');
  const late = looks(at(60_000), () => 'a');
  expect(almost === null || isBroken(almost, 60_000)).toBe(false);
  expect(late !== null && isBroken(late, 60_000)).toBe(true);
  expect(isBroken(watchPromise(late, 'b', 62_000, gapMs), 60_000)).toBe(false);
});

test('a guard that was started again takes nothing for granted', () => {
  expect(isBroken(watchPromise(null, 'renewed long ago', 5_000_000, gapMs), 60_000)).toBe(false);
});

test('a guard that could not look for an hour does not take the hour for silence', () => {
  const before = looks([0, 2_000], () => 'a');
  const after = watchPromise(before, 'a', 3_600_000, gapMs);
  expect(after.silentMs).toBe(2_000 + gapMs);
});

test('silence is never longer than what has passed since the renewal was first seen, nor shrinks while it lasts', () => {
  const steps = fc.array(fc.record({ ms: fc.nat(20_000), isRenewed: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (all) => {
      let [now, renewal, seenAt] = [0, 0, 0];
      let watched = watchPromise(null, '0', 0, gapMs);
      for (const { ms, isRenewed } of all) {
        now += ms;
        if (isRenewed) [renewal, seenAt] = [renewal + 1, now];
        const next = watchPromise(watched, String(renewal), now, gapMs);
        expect(next.silentMs).toBeLessThanOrEqual(now - seenAt);
        expect(next.silentMs).toBeGreaterThanOrEqual(isRenewed ? 0 : watched.silentMs);
        watched = next;
      }
    }),
  );
});

test('a clock that stands still or goes back adds nothing', () => {
  const before = looks([10_000, 12_000], () => 'a');
  expect(watchPromise(before, 'a', 5_000, gapMs).silentMs).toBe(2_000);
});
