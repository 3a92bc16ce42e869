import { expect, test } from 'vitest';
import { bucketQuery, readBuckets } from './histogram-buckets.ts';

test('the buckets of a selector are asked for', () => {
  expect(bucketQuery('latency_seconds{version="r1"}')).toBe('latency_seconds_bucket{version="r1"}');
  expect(bucketQuery(' latency_seconds ')).toBe('latency_seconds_bucket');
});

test('series are told apart without their border, which is in milliseconds', () => {
  const read = readBuckets('latency_seconds{v="1"}', {
    '{code="200",le="0.3",pod="a"}': 7,
    '{code="200",le="+Inf",pod="a"}': 9,
    '{le="0.005"}': 1,
  });
  expect(read).toEqual({
    ok: true,
    value: {
      '{code="200",pod="a"}': new Map([
        [300, 7],
        [Infinity, 9],
      ]),
      '{}': new Map([[5, 1]]),
    },
  });
});

test('a histogram in milliseconds is read as such', () => {
  expect(readBuckets('latency_ms', { '{le="300"}': 7 })).toEqual({
    ok: true,
    value: { '{}': new Map([[300, 7]]) },
  });
});

test.each(['{pod="a"}', '{le="x"}', '{le=""}', '{pod="a,le=\\"1\\""}'])('%s has no border', (labels) => {
  expect(readBuckets('latency', { [labels]: 1 })).toMatchObject({ ok: false });
});
