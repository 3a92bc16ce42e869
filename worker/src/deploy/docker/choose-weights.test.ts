import { expect, test } from 'vitest';
import fc from 'fast-check';
import { chooseWeights, heaviest, shareOf } from './choose-weights.ts';

const shareFor = (percent: number, stable: number, canary: number): number | null => {
  const weights = chooseWeights(percent, stable, canary);
  return shareOf(weights.stable, weights.canary);
};

test.each([
  [1, 1, 1],
  [1, 3, 3],
  [1, 10, 2],
  [10, 3, 3],
  [50, 7, 2],
  [99, 4, 1],
  [33, 100, 100],
])('%d %% is exact with %d old and %d new servers', (percent, stable, canary) => {
  expect(shareFor(percent, stable, canary)).toBeCloseTo(percent, 6);
});

test('a share that is too small for all new servers uses only some of them', () => {
  const weights = chooseWeights(1, 1, 10);
  expect(shareOf(weights.stable, weights.canary)).toBeCloseTo(1, 1);
  expect(weights.canary.filter((weight) => weight > 0).length).toBeLessThan(10);
});

test('0 % leaves the new version without traffic, 100 % the old one', () => {
  expect(chooseWeights(0, 2, 2)).toEqual({ stable: [1, 1], canary: [0, 0] });
  expect(chooseWeights(100, 2, 2)).toEqual({ stable: [0, 0], canary: [1, 1] });
});

test('where nothing ran before, any share above 0 is all of the traffic', () => {
  expect(chooseWeights(10, 0, 2)).toEqual({ stable: [], canary: [1, 1] });
  expect(chooseWeights(0, 0, 2)).toEqual({ stable: [], canary: [0, 0] });
});

test('without new servers the old ones keep all of the traffic', () => {
  expect(chooseWeights(50, 2, 0)).toEqual({ stable: [1, 1], canary: [] });
});

test('any share with similar numbers of servers is met within a tenth of a point', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 99 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      (percent, stable, canary) => {
        const weights = chooseWeights(percent, stable, canary);
        const all = [...weights.stable, ...weights.canary];
        expect(all.every((weight) => Number.isInteger(weight) && weight >= 0 && weight <= heaviest)).toBe(
          true,
        );
        expect(Math.abs((shareOf(weights.stable, weights.canary) ?? -1) - percent)).toBeLessThan(0.1);
      },
    ),
    { numRuns: 200 },
  );
});
