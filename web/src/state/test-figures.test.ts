import { expect, test } from 'vitest';
import type { ReportPoint } from '@sluice/pipelines/protocol/api';
import { coverageChange, flakyByTest, notableTests } from './test-figures.ts';

const aCase = (name: string, result: 'passed' | 'failed', ms: number) => ({
  suite: 's',
  name,
  result,
  ms,
  message: null,
});
const point = (covered: number | null): ReportPoint => ({
  runId: 'r',
  runNumber: 1,
  at: 0,
  passed: 1,
  failed: 0,
  skipped: 0,
  testsMs: 1,
  lines: covered === null ? null : { covered, total: 200 },
});

test('failed tests stay in their order, and the slowest come first', () => {
  const tests = notableTests([aCase('a', 'failed', 1), aCase('b', 'passed', 9), aCase('c', 'failed', 0)]);
  expect(tests.failed.map(({ name }) => name)).toEqual(['a', 'c']);
  expect(tests.slowest.map(({ name }) => name)).toEqual(['b', 'a']);
});

test('a test that was flaky on several commits is named once', () => {
  const one = { suite: 's', name: 'a', commit: 'x', failures: 2, lastAt: 2 };
  expect(flakyByTest([one, { ...one, commit: 'y', failures: 1, lastAt: 1 }])).toMatchObject([
    { commit: 'x', failures: 3 },
  ]);
});

test('coverage is compared with the attempt before, where both were measured', () => {
  expect(coverageChange([point(100), point(101)])).toBeCloseTo(0.5);
  expect(coverageChange([point(null), point(101)])).toBeNull();
  expect(coverageChange([point(101)])).toBeNull();
});
