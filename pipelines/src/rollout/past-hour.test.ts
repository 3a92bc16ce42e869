import { expect, test } from 'vitest';
import { pastHour } from './past-hour.ts';

const everyMs = 10_000;
const intervals = (before: number, traffic: readonly number[]): number[] => [
  ...Array.from({ length: before }, () => 0),
  ...traffic,
];

test('a version with traffic all the while has its hour', () => {
  const hour = pastHour({ everyMs, requests: [5, 0, 7], bad: [0, 0, 1] });
  expect(hour).toMatchObject({ ms: 30_000, requests: 12, bad: 1 });
});

test('the time before a version had traffic does not lower its rate', () => {
  const hour = pastHour({ everyMs, requests: intervals(350, [40, 100, 100]), bad: intervals(353, []) });
  expect(hour).toMatchObject({ ms: 25_000, requests: 240 });
});

test('nor does it make its errors look like bursts', () => {
  const even = Array.from({ length: 20 }, () => 3);
  const young = pastHour({ everyMs, requests: intervals(340, even), bad: intervals(340, even) });
  expect(young.spread).toEqual({ chiSquare: 0, degrees: 19 });
});

test('a version without any traffic has an hour of none', () => {
  expect(pastHour({ everyMs, requests: [0, 0], bad: [0, 0] })).toMatchObject({ ms: 20_000, requests: 0 });
});
