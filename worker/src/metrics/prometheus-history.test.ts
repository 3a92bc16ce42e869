import { expect, test } from 'vitest';
import { countsPerInterval } from './prometheus-history.ts';

const matrix = (...series: readonly (readonly [number, string][])[]): string =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'matrix', result: series.map((values) => ({ metric: {}, values })) },
  });

test('each interval has what its series have grown by, restarts included', () => {
  const text = matrix(
    [
      [0, '100'],
      [10, '103'],
      [20, '2'],
      [30, '2'],
    ],
    [
      [10, '50'],
      [20, '51'],
      [30, '58'],
    ],
  );
  expect(countsPerInterval(text, 0, 10_000, 3)).toEqual([3, 3, 7]);
});

test('a service without errors has none in every interval', () => {
  expect(countsPerInterval(matrix(), 0, 10_000, 3)).toEqual([0, 0, 0]);
});

test.each(['', '{}', '<html>', matrix([[0, 'NaN']]), matrix([[0, '-1']]), matrix([[0, '']])])(
  'what is no matrix of counters tells nothing (%#)',
  (text) => {
    expect(countsPerInterval(text, 0, 10_000, 3)).toBeNull();
  },
);
