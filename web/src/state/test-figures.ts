import type { FlakyTestView, ReportPoint } from '@sluice/pipelines/protocol/api';
import type { TestCase } from '@sluice/pipelines/reports/test-report';

/** Tests that deserve a look: the failed ones in their order, and the slowest of all. */
export function notableTests(cases: readonly TestCase[]): {
  readonly failed: readonly TestCase[];
  readonly slowest: readonly TestCase[];
} {
  return {
    failed: cases.filter((test) => test.result === 'failed'),
    slowest: cases
      .filter((test) => test.ms > 0)
      .toSorted((a, b) => b.ms - a.ms)
      .slice(0, 5),
  };
}

/** Each flaky test once, with its failures on all commits; the latest first, as they come. */
export function flakyByTest(flaky: readonly FlakyTestView[]): readonly FlakyTestView[] {
  const tests = new Map<string, FlakyTestView>();
  for (const test of flaky) {
    const key = `${test.suite}\0${test.name}`;
    const known = tests.get(key);
    tests.set(key, known === undefined ? test : { ...known, failures: known.failures + test.failures });
  }
  return [...tests.values()];
}

/** By how much the share of covered lines differs from the attempt before, in percentage points; null: unknown. */
export function coverageChange(trend: readonly ReportPoint[]): number | null {
  const [before, now] = trend.slice(-2).map(({ lines }) => lines);
  if (before === undefined || now === undefined || before === null || now === null) return null;
  if (before.total === 0 || now.total === 0) return null;
  return (now.covered / now.total - before.covered / before.total) * 100;
}
