import { expect, test } from 'vitest';
import { isBroken, watchPromise } from './guard-watch.ts';

test('a promise that is renewed in time is never broken, whatever its words say', () => {
  let watched = watchPromise(null, '1999-01-01', 0);
  for (let now = 0; now < 600_000; now += 5_000) {
    watched = watchPromise(watched, `renewed at ${Math.floor(now / 20_000)}`, now);
    expect(isBroken(watched, 60_000, now)).toBe(false);
  }
});

test('it is broken when it was watched for as long as it holds and stayed the same', () => {
  const first = watchPromise(null, 'a', 1_000);
  const later = watchPromise(first, 'a', 60_999);
  expect(isBroken(later, 60_000, 60_999)).toBe(false);
  expect(isBroken(later, 60_000, 61_000)).toBe(true);
  expect(isBroken(watchPromise(later, 'b', 61_000), 60_000, 61_000)).toBe(false);
});

test('a guard that was started again takes nothing for granted', () => {
  expect(isBroken(watchPromise(null, 'renewed long ago', 5_000_000), 60_000, 5_000_000)).toBe(false);
});
