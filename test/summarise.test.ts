import { expect, test } from 'vitest';
import { summarise } from './summarise.ts';

const file = (status: string, tests: Readonly<Record<string, string>>) => ({
  name: 'a.test.ts',
  status,
  assertionResults: Object.entries(tests).map(([fullName, its]) => ({ fullName, status: its })),
});

test('tests are counted by how they ended, over all reports', () => {
  const reports = [
    { testResults: [file('passed', { a: 'passed' })] },
    { testResults: [file('failed', { b: 'failed', c: 'passed' })] },
  ];
  expect(summarise(reports)).toMatchObject({ passed: 2, failed: 1 });
});

test('a file that could not be loaded is a failure, though it has no test', () => {
  expect(summarise([{ testResults: [file('failed', {})] }])).toMatchObject({ passed: 0, failed: 1 });
});

test('what a contract leaves out for a reason is told from what misses its engine', () => {
  const tests = { 'needs Docker': 'pending', 'limits memory (skipped: a process has no limit)': 'skipped' };
  expect(summarise([{ testResults: [file('passed', tests)] }])).toMatchObject({
    missing: ['needs Docker'],
    leftOut: ['limits memory (skipped: a process has no limit)'],
  });
});
