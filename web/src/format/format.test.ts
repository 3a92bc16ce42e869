import { expect, test } from 'vitest';
import { formatDuration } from './duration.ts';
import { formatBytes, formatCount, formatLatency, formatRate } from './figure.ts';
import { formatRelative } from './relative-time.ts';
import { timeLabels } from './time-axis.ts';

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

test('marks of a time axis that are seconds apart show seconds, and no label stands twice', () => {
  const noon = new Date(2026, 4, 6, 15, 4, 0).getTime() / 1_000;
  expect(timeLabels([noon, noon + 15, noon + 30], 'en')).toEqual(['15:04:00', '15:04:15', '15:04:30']);
  expect(timeLabels([noon, noon + 60, noon + 120], 'zh')).toEqual(['15:04', '15:05', '15:06']);
  expect(timeLabels([noon, noon + 0.5, noon + 1], 'en')).toEqual(['15:04:00', '', '15:04:01']);
});

test('marks of a time axis over several days say the day', () => {
  const noon = new Date(2026, 4, 6, 12).getTime() / 1_000;
  expect(timeLabels([noon, noon + 86_400], 'en')).toEqual(['6 May, 12:00', '7 May, 12:00']);
});
