import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addLook, closeSpread, dispersionOf, noSpread } from './metric-spread.ts';

const spreadOf = (counts: readonly number[]) => counts.reduce(addLook, noSpread);
const alternating = (looks: number, high: number) =>
  Array.from({ length: looks }, (_, index) => (index % 2 === 0 ? 0 : high));

describe('the dispersion', () => {
  test('is 1 while there are fewer than twelve looks, or no errors', () => {
    expect(dispersionOf(spreadOf(alternating(11, 20)))).toBe(1);
    expect(dispersionOf(spreadOf(alternating(12, 10)))).toBeGreaterThan(1);
    expect(dispersionOf(spreadOf(Array.from({ length: 50 }, () => 0)))).toBe(1);
  });

  test('is the variance over the mean: 0 and 8 in turn have 16 n/(n−1) over 4', () => {
    expect(dispersionOf(spreadOf(alternating(100, 8)))).toBeCloseTo((16 * 100) / 99 / 4, 12);
  });

  test('does not take another weight for a burst', () => {
    const even = [...Array.from({ length: 20 }, () => 100), ...Array.from({ length: 20 }, () => 50)];
    const pooled = even.slice(20).reduce(addLook, closeSpread(spreadOf(even.slice(0, 20))));
    expect(dispersionOf(spreadOf(even))).toBeGreaterThan(8);
    expect(dispersionOf(pooled)).toBe(1);
  });

  test('is at most 20, so that one incident does not blind the gate', () => {
    const incident = [...Array.from({ length: 300 }, () => 0), 5_000];
    expect(dispersionOf(spreadOf(incident))).toBe(20);
  });

  test('is never below 1 and does not depend on where the looks were cut in two', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 2, maxLength: 60 }), (counts) => {
        const phi = dispersionOf(spreadOf(counts));
        expect(phi).toBeGreaterThanOrEqual(1);
        expect(dispersionOf(closeSpread(spreadOf(counts)))).toBeCloseTo(phi, 9);
      }),
    );
  });
});
