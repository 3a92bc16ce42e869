import { expect, test } from 'vitest';
import { formatDuration } from './duration.ts';
import { formatBytes, formatCount, formatLatency, formatRate } from './figure.ts';
import { formatRelative } from './relative-time.ts';

test('a duration has the two units that matter', () => {
  const said = [0, 840, 12_400, 59_960, 133_000, 11_100_000, 187_200_000].map(formatDuration);
  expect(said).toEqual(['0 ms', '840 ms', '12 s', '1 m', '2 m 13 s', '3 h 5 m', '2 d 4 h']);
});

test('a rate near nothing or near all keeps the digits that tell it apart', () => {
  expect([0, 0.0009, 0.049, 0.9995, 0.99995, 1].map(formatRate)).toEqual([
    '0 %',
    '0.090 %',
    '4.9 %',
    '99.950 %',
    '99.995 %',
    '100 %',
  ]);
});

test('figures have units', () => {
  expect([formatCount(1_234_567), formatLatency(0.8), formatLatency(1_240), formatBytes(48_213)]).toEqual([
    '1,234,567',
    '0.8 ms',
    '1.24 s',
    '48.2 kB',
  ]);
});

test('a time is relative in both directions and languages', () => {
  expect(formatRelative(0, 240_000, 'en')).toMatch(/^4 min\.? ago$/);
  expect(formatRelative(7_200_000, 0, 'zh')).toBe('2小时后');
  expect(formatRelative(0, 900, 'en')).toBeNull();
});
