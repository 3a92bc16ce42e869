import { expect, test } from 'vitest';
import { slowRequests } from './slow-requests.ts';

const buckets = (counts: Record<string, number>) =>
  new Map(Object.entries(counts).map(([border, count]) => [Number(border), count]));
const pod = (counts: Record<string, number>) => ({ '{pod="a"}': buckets(counts) });
const usual = pod({ 100: 80, 300: 95, 1_000: 99, Infinity: 100 });

test('requests above the border are the slow ones, each series on its own', () => {
  const canary = {
    '{pod="b"}': buckets({ 100: 1, 300: 4, 1_000: 9, Infinity: 10 }),
    '{pod="c"}': buckets({ 100: 0, 300: 0, 1_000: 0, Infinity: 5 }),
  };
  expect(slowRequests({ stable: usual, canary }, 300)).toEqual({
    kind: 'read',
    borderMs: 300,
    stable: { bad: { '{pod="a"}': 5 }, total: { '{pod="a"}': 100 } },
    canary: { bad: { '{pod="b"}': 6, '{pod="c"}': 5 }, total: { '{pod="b"}': 10, '{pod="c"}': 5 } },
  });
});

test('between two borders the nearest higher one counts, and is named', () => {
  expect(slowRequests({ stable: usual, canary: null }, 250)).toMatchObject({ borderMs: 300, canary: null });
  expect(slowRequests({ stable: usual, canary: null }, 300 * (1 + 1e-15))).toMatchObject({ borderMs: 300 });
});

test('versions with different buckets are compared at a border that both have', () => {
  const canary = pod({ 300: 1, 500: 2, 1_000: 3, Infinity: 3 });
  const stable = pod({ 400: 1, 1_000: 3, Infinity: 4 });
  expect(slowRequests({ stable, canary }, 300)).toMatchObject({ borderMs: 1_000 });
});

test('no border at or above is an error that says what to do', () => {
  expect(slowRequests({ stable: usual, canary: null }, 2_000)).toEqual({
    kind: 'error',
    message: expect.stringContaining('the highest border that all its series have is 1000 ms'),
  });
});

test('what is no histogram is an error', () => {
  expect(slowRequests({ stable: pod({ 300: 1 }), canary: null }, 300)).toMatchObject({ kind: 'error' });
  const shrinking = pod({ 100: 9, 300: 3, Infinity: 10 });
  expect(slowRequests({ stable: shrinking, canary: null }, 300)).toMatchObject({ kind: 'error' });
});

test('no series is no data', () => {
  expect(slowRequests({ stable: null, canary: {} }, 300)).toEqual({
    kind: 'read',
    stable: null,
    canary: null,
  });
});
