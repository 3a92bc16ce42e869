import { expect, test } from 'vitest';
import { formatCount, formatDuration, formatPercent, formatRate } from './figures.ts';

test.each([
  [0, '0 %'],
  [5, '5 %'],
  [5.149, '5.1 %'],
  [0.012, '0.012 %'],
  [0.00034, '0.00034 %'],
  [99.95, '99.95 %'],
  [99.984, '99.984 %'],
  [100, '100 %'],
])('%d percent is %s', (percent, text) => expect(formatPercent(percent)).toBe(text));

test('a rate of nothing is a dash', () => expect(formatRate(0, 0)).toBe('–'));
test('counts have thousands', () =>
  expect([0, 999, 1_204, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,204', '1,234,567']));
test('durations are rounded up and have one unit', () => {
  expect([0, 1_000, 99_000, 100_000, 3_600_000, 360_000_000].map(formatDuration)).toEqual([
    '1 second',
    '1 second',
    '99 seconds',
    '2 minutes',
    '60 minutes',
    '100 hours',
  ]);
});
