import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparePoints, keptPairs, type Points } from './point-gate.ts';

const tolerance = 0.1;
const judge = ({ stable, canary }: Points, share = tolerance) =>
  comparePoints({ stable, canary }, stable.length, share);
const series = (pairs: number, value: (index: number) => number): number[] =>
  Array.from({ length: pairs }, (_, index) => value(index));

/** Noise of ± 5 %, the same in every run. */
const noise = (index: number): number => 0.95 + ((index * 37) % 11) / 110;
const steady = (pairs: number, level: number) => series(pairs, (index) => level * noise(index));

describe('values of both sides', () => {
  test('three times as slow fails as soon as two windows agree, and not before', () => {
    const slow = (pairs: number) => judge({ stable: steady(pairs, 20), canary: steady(pairs, 60) });
    expect(slow(4)).toMatchObject({ verdict: 'need-more', morePairs: 6, window: null });
    expect(slow(9)).toMatchObject({ verdict: 'need-more', morePairs: 1 });
    expect(slow(10)).toMatchObject({ verdict: 'fail', morePairs: 0 });
  });

  test('as fast passes', () => {
    const same = series(12, (index) => 20 * noise(index + 5));
    expect(judge({ stable: steady(12, 20), canary: same })).toMatchObject({ verdict: 'pass' });
  });

  test('surely slower, but by less than the tolerance, does not fail', () => {
    const bit = judge({ stable: steady(40, 20), canary: steady(40, 21.4) });
    expect(bit.verdict).not.toBe('fail');
    expect(bit.window?.p).toBeLessThan(0.01);
    expect(bit.window?.allowedShift).toBeCloseTo(1.98, 1);
  });

  test('one bad window is not enough', () => {
    const stable = steady(15, 20);
    const canary = series(15, (index) => 20 * noise(index + 3));
    const glitch = canary.map((value, index) => (index >= 10 ? value * 30 : value));
    expect(judge({ stable, canary: glitch }).verdict).not.toBe('fail');
  });

  test('a version that gets slow after a good beginning is still caught', () => {
    const verdicts = series(40, (index) => index + 31).map((pairs) => {
      const canary = series(pairs, (index) => (index < 30 ? 20 : 60) * noise(index));
      const cut = (values: number[]) => values.slice(-keptPairs);
      return comparePoints({ stable: cut(steady(pairs, 20)), canary: cut(canary) }, pairs, tolerance).verdict;
    });
    expect(verdicts.indexOf('fail')).toBeLessThan(25);
    expect(verdicts.at(-1)).toBe('fail');
  });

  test('what is always 0 passes, and anything above it fails', () => {
    const zeros = series(10, () => 0);
    expect(judge({ stable: zeros, canary: zeros }).verdict).toBe('pass');
    expect(judge({ stable: zeros, canary: series(10, () => 1) }).verdict).toBe('fail');
  });
});

const value = fc.integer({ min: 1, max: 200 });
const pairs = fc.integer({ min: 0, max: keptPairs }).chain((length) =>
  fc.record({
    stable: fc.array(value, { minLength: length, maxLength: length }),
    canary: fc.array(value, { minLength: length, maxLength: length }),
  }),
);
const lifted = fc.tuple(pairs, fc.constantFrom(0, 20, 100)).map(([{ stable, canary }, lift]) => ({
  stable: stable.map((one) => 300 + one),
  canary: canary.map((one) => 300 + one + lift),
}));

describe('whatever was measured', () => {
  test('the unit changes no verdict', () => {
    fc.assert(
      fc.property(lifted, fc.constantFrom(1e-9, 0.001, 0.3048, 60, 1e6), (points, unit) => {
        const scaled = {
          stable: points.stable.map((one) => one * unit),
          canary: points.canary.map((one) => one * unit),
        };
        expect(judge(scaled).verdict).toBe(judge(points).verdict);
      }),
      { numRuns: 40 },
    );
  });

  test('swapping the sides mirrors it: never do both fail, and what fails one way does not pass the other', () => {
    fc.assert(
      fc.property(lifted, (points) => {
        const [one, other] = [judge(points), judge({ stable: points.canary, canary: points.stable })];
        expect([one.verdict, other.verdict]).not.toEqual(['fail', 'fail']);
        expect(other.window?.effect ?? 0.5).toBeCloseTo(1 - (one.window?.effect ?? 0.5), 12);
        expect(other.window?.shift ?? 0).toBeCloseTo(-(one.window?.shift ?? 0), 9);
      }),
      { numRuns: 40 },
    );
  });

  test('slower values of the canary never turn a fail into anything else, nor help a pass', () => {
    fc.assert(
      fc.property(
        lifted,
        fc.array(fc.nat(100), { minLength: keptPairs, maxLength: keptPairs }),
        (points, more) => {
          const worse = {
            stable: points.stable,
            canary: points.canary.map((one, index) => one + (more[index] ?? 0)),
          };
          const [before, after] = [judge(points).verdict, judge(worse).verdict];
          expect(before !== 'fail' || after === 'fail').toBe(true);
          expect(after !== 'pass' || before === 'pass').toBe(true);
        },
      ),
    );
  });

  test('fewer than five pairs decide nothing', () => {
    fc.assert(
      fc.property(lifted, (points) => {
        const few = { stable: points.stable.slice(0, 9), canary: points.canary.slice(0, 9) };
        expect(judge(few).verdict).toBe('need-more');
      }),
      { numRuns: 40 },
    );
  });
});
