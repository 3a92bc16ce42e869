import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalQuantile, normalTail } from './normal-distribution.ts';
import {
  commonLanguageEffect,
  hodgesLehmannShift,
  rankSumP,
  rankSumPBy,
  shiftInterval,
  standardScore,
} from './rank-sum.ts';
import published from './vectors/mann-whitney-kayenta.json' with { type: 'json' };

describe('published numbers', () => {
  test.each(published.cases.flatMap((vector) => vector.checks ?? []))(
    'standard score with shift $mu',
    ({ mu, quantile, expect: expected, tol }) => {
      const vector = published.cases.find(({ kind }) => kind === 'wilcoxonDiff');
      const score = standardScore(vector?.x ?? [], vector?.y ?? [], mu) - quantile;
      expect(Math.abs(score - expected)).toBeLessThan(tol);
    },
  );

  test('normal quantile', () => {
    const vector = published.cases.find(({ kind }) => kind === 'normalQuantile');
    expect(normalQuantile(vector?.p ?? Number.NaN)).toBeCloseTo(-2.326348, 6);
    expect(vector?.expect).toBe(-2.326348);
  });

  test('shift and its interval', () => {
    const vector = published.cases.find(({ kind }) => kind === 'mannWhitney');
    const [x, y] = [vector?.experiment ?? [], vector?.control ?? []];
    expect(vector?.expect).toEqual({ ciLow: 6, ciHigh: 39, estimate: 22.5 });
    expect(hodgesLehmannShift(x, y)).toBe(22.5);
    expect(shiftInterval(x, y, vector?.confidenceLevel ?? 0)).toEqual({ low: 6, high: 39 });
  });

  test('the tail of the normal distribution', () => {
    expect(normalTail(0)).toBeCloseTo(0.5, 14);
    expect(normalTail(1.959963984540054)).toBeCloseTo(0.025, 13);
    expect(normalTail(-3)).toBeCloseTo(0.9986501019683699, 13);
    expect(normalTail(8) / 6.220960574271786e-16).toBeCloseTo(1, 6);
  });
});

const someValues = (least: number, most: number, values: fc.Arbitrary<number>) =>
  fc.array(values, { minLength: least, maxLength: most });
const tied = fc.integer({ min: 0, max: 4 });
const plain = fc.integer({ min: -1_000_000, max: 1_000_000 });

describe('the rank-sum test', () => {
  test('is exact for small samples, ties included: as counted by hand', () => {
    expect(rankSumP([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])).toBeCloseTo(1 / 252, 14);
    expect(rankSumP([2, 3], [1, 2])).toBeCloseTo(2 / 6, 14);
    expect(rankSumP([1, 1, 1], [1, 1])).toBe(1);
    expect(rankSumP([], [1])).toBe(1);
  });

  test('agrees with the definition: every way to split the values is as likely', () => {
    fc.assert(
      fc.property(
        someValues(1, 5, fc.oneof(tied, plain)),
        someValues(1, 5, fc.oneof(tied, plain)),
        (x, y) => {
          const observed = commonLanguageEffect(x, y);
          const splits = choices([...x, ...y], x.length);
          const asHigh = splits.filter(
            ([one, other]) => commonLanguageEffect(one, other) >= observed - 1e-12,
          );
          expect(rankSumP(x, y)).toBeCloseTo(asHigh.length / splits.length, 10);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('the approximation is as near as its comment says, where it is used', () => {
    const random = seeded(5);
    const differences: number[] = [];
    for (let trial = 0; trial < 250; trial++) {
      const [levels, n] = [20 + Math.floor(100 * random()), 10 + Math.floor(22 * random())];
      const lift = Math.floor(0.7 * levels * random());
      const drawn = Array.from({ length: 41 }, () => Math.floor(levels * random()));
      const [x, y] = [drawn.slice(0, n).map((value) => value + lift), drawn.slice(n)];
      const exact = rankSumPBy('counting', x, y);
      if (exact <= 0.05) differences.push(Math.abs(rankSumPBy('normal', x, y) - exact));
    }
    expect(differences.length).toBeGreaterThan(50);
    expect(Math.max(...differences)).toBeLessThan(0.0025);
  });

  test('swapping the sides mirrors it', () => {
    fc.assert(
      fc.property(
        someValues(1, 30, fc.oneof(tied, plain)),
        someValues(1, 30, fc.oneof(tied, plain)),
        (x, y) => {
          expect(commonLanguageEffect(x, y)).toBeCloseTo(1 - commonLanguageEffect(y, x), 12);
          expect(hodgesLehmannShift(x, y)).toBeCloseTo(-hodgesLehmannShift(y, x), 9);
          expect(standardScore(x, y)).toBeCloseTo(-standardScore(y, x), 9);
          expect(rankSumP(x, y)).toBeCloseTo(
            rankSumP(
              y.map((value) => -value),
              x.map((value) => -value),
            ),
            9,
          );
        },
      ),
    );
  });

  test('the unit does not matter', () => {
    fc.assert(
      fc.property(
        someValues(5, 25, plain),
        someValues(5, 25, plain),
        fc.constantFrom(1e-9, 1e-3, 0.3048, 60, 1e6),
        (x, y, unit) => {
          const scaled = (values: readonly number[]) => values.map((value) => value * unit);
          expect(rankSumP(scaled(x), scaled(y))).toBe(rankSumP(x, y));
          expect(commonLanguageEffect(scaled(x), scaled(y))).toBe(commonLanguageEffect(x, y));
        },
      ),
    );
  });
});

/** Every way to put `size` of the values on one side. */
function choices(values: readonly number[], size: number): [number[], number[]][] {
  const [first, ...rest] = values;
  if (first === undefined) return size === 0 ? [[[], []]] : [];
  return [
    ...choices(rest, size - 1).map(([one, other]): [number[], number[]] => [[first, ...one], other]),
    ...choices(rest, size).map(([one, other]): [number[], number[]] => [one, [first, ...other]]),
  ];
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
