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

test('each failure is named with the first lines of its reason, without colours', () => {
  const failing = {
    fullName: 'a stage starts once',
    status: 'failed',
    failureMessages: ['\u001b[31mexpected 2 to be 1\u001b[39m\n    at a.test.ts:3'],
  };
  const broken = { name: 'b.test.ts', status: 'failed', message: 'cannot find ./c.ts', assertionResults: [] };
  const report = {
    testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [failing] }, broken],
  };
  expect(summarise([report]).failures).toEqual([
    'a stage starts once\n    expected 2 to be 1\n        at a.test.ts:3',
    'b.test.ts\n    cannot find ./c.ts',
  ]);
});

test('what a contract leaves out for a reason is told from what misses its engine', () => {
  const tests = { 'needs Docker': 'pending', 'limits memory (skipped: a process has no limit)': 'skipped' };
  expect(summarise([{ testResults: [file('passed', tests)] }])).toMatchObject({
    missing: ['needs Docker'],
    leftOut: ['limits memory (skipped: a process has no limit)'],
  });
});
