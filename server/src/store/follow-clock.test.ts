import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { followClock, type Reading } from './follow-clock.ts';

const hour = 3_600_000;

/** A look at a clock that is `ahead` of our counter; the answer took `out` ms to come to it, and `back` to return. */
const aReading = (tick: number, ahead: number, out = 1, back = 1): Reading => ({
  before: tick,
  said: tick + out + ahead,
  after: tick + out + back,
});

test('a clock that is set forward or back by an hour is followed, and says by how much', () => {
  const clock = followClock(aReading(0, 1_000));
  expect(clock.take(aReading(5_000, 1_000))).toBe(0);
  expect(clock.take(aReading(10_000, 1_000 + hour))).toBe(hour);
  expect(clock.at(11_000)).toBe(12_000 + hour);
  expect(clock.take(aReading(15_000, 1_000))).toBe(-hour);
  expect(clock.at(16_000)).toBe(17_000);
});

test('an answer that took long does not spoil a better one', () => {
  const clock = followClock(aReading(0, 1_000));
  expect(clock.take(aReading(2_000, 1_000, 900, 10))).toBe(0);
  expect(clock.at(3_000)).toBe(4_000);
});

test('a clock that goes a little faster is followed without a word', () => {
  const clock = followClock(aReading(0, 0));
  for (let tick = 5_000; tick <= 100_000; tick += 5_000) {
    expect(clock.take(aReading(tick, tick / 2_000))).toBe(0);
  }
  expect(clock.at(100_000)).toBeCloseTo(100_050, -1);
});

const delays = fc.array(fc.tuple(fc.nat(3_000), fc.nat(3_000)), { minLength: 1, maxLength: 50 });
property.prop([delays])(
  'however long answers take, the time is wrong by half a round trip at most',
  (each) => {
    const [first, ...others] = each.map(([out, back], at) => aReading(at * 10_000, 777, out, back));
    if (first === undefined) return;
    const clock = followClock(first);
    let best = first.after - first.before;
    let lastTick = first.after;
    for (const reading of others) {
      expect(clock.take(reading)).toBe(0);
      best = Math.min(best + (2 * (10_000 + 6_000)) / 1_000, reading.after - reading.before);
      lastTick = reading.after;
    }
    expect(Math.abs(clock.at(lastTick) - (lastTick + 777))).toBeLessThanOrEqual(best / 2 + 4);
  },
);
