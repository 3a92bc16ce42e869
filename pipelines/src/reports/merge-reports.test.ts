import { expect, test } from 'vitest';
import { findFlakiness } from './find-flaky.ts';
import { mergeCoverage, mergeTests } from './merge-reports.ts';
import { reportLimits, type TestCase } from './test-report.ts';

const aCase = (name: string, result: TestCase['result']): TestCase => ({
  suite: 's',
  name,
  result,
  ms: 1,
  message: null,
});

test('of more tests than are kept, the failed ones are kept first and the others counted', () => {
  const many = Array.from({ length: reportLimits.cases }, (_, n) => aCase(`${n}`, 'passed'));
  const merged = mergeTests([many, [aCase('broken', 'failed'), aCase('last', 'passed')]]);
  expect(merged.left).toBe(2);
  expect(merged.cases[0]?.name).toBe('broken');
});

test('coverage of several packages is added up', () => {
  const one = { lines: { covered: 1, total: 2 }, branches: null, files: [] };
  const two = { lines: { covered: 3, total: 3 }, branches: { covered: 1, total: 4 }, files: [] };
  expect(mergeCoverage([one, two])).toEqual({
    lines: { covered: 4, total: 5 },
    branches: { covered: 1, total: 4 },
    files: [],
  });
  expect(mergeCoverage([])).toBeNull();
});

test('a test is flaky when it passed and failed on one commit, and not when the code changed in between', () => {
  const past = (commit: string, result: 'passed' | 'failed', at: number) => ({ commit, result, at });
  expect(findFlakiness([past('a', 'failed', 1), past('b', 'passed', 2)])).toBeNull();
  expect(
    findFlakiness([
      past('a', 'failed', 1),
      past('a', 'passed', 2),
      past('a', 'failed', 3),
      past('b', 'failed', 4),
    ]),
  ).toEqual({ commits: 1, failures: 2, lastAt: 3 });
});
