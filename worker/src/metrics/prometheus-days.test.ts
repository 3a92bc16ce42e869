import { expect, test } from 'vitest';
import { growthQuery, valuesPerInterval } from './prometheus-days.ts';

test('all versions are asked for, as one series however many pods there were', () => {
  expect(growthQuery('http_requests_total{app="shop",version="${{ version }}",code=~"5.."}')).toBe(
    'sum(increase((http_requests_total{app="shop",version=~".+",code=~"5.."})[5m:1m]))',
  );
  expect(growthQuery("rate_of{version= '${{version}}'}")).toBe(
    'sum(increase((rate_of{version=~".+"})[5m:1m]))',
  );
  expect(growthQuery('requests_of_${{ version }}')).toBeNull();
});

test('each value has its interval, and what is missing, not a number or below zero counts as nothing', () => {
  const values = [
    [1_000, '3'],
    [1_300, '2.6'],
    [1_900, 'NaN'],
    [2_200, '-1'],
  ];
  const text = (result: readonly unknown[]) =>
    JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } });
  const counts = valuesPerInterval(text([{ metric: {}, values }]), 1_000_000);
  expect(counts).toHaveLength(864);
  expect(counts?.slice(0, 5)).toEqual([3, 3, 0, 0, 0]);
  expect(valuesPerInterval(text([]), 0)?.every((count) => count === 0)).toBe(true);
  expect(valuesPerInterval(text([{ values }, { values }]), 0)).toBeNull();
  expect(valuesPerInterval('no JSON', 0)).toBeNull();
});
