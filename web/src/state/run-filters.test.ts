import { expect, test } from 'vitest';
import { aRun } from '../../test-server/fixture-runs.ts';
import { matchesFilters, matchesWords, readFilters } from './run-filters.ts';

const run = aRun({
  number: 7,
  status: 'failed',
  message: 'Round prices',
  ref: 'tax',
  createdAt: 0,
  tookMs: 1,
  stages: {},
});

test('filters come from the address; unknown and empty ones are left out', () => {
  const filters = readFilters(new URLSearchParams('status=failed&branch=&colour=red'));
  expect(filters).toEqual({ status: 'failed' });
  expect(matchesFilters(run, filters)).toBe(true);
  expect(matchesFilters(run, { branch: 'main' })).toBe(false);
});

test('every word has to occur somewhere in the row', () => {
  expect(matchesWords(run, '  PRICES tax ')).toBe(true);
  expect(matchesWords(run, '#7')).toBe(true);
  expect(matchesWords(run, 'prices main')).toBe(false);
});
