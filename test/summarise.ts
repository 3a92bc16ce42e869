/** The part of vitest's JSON report that is read here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** Full names of the tests that did not run for want of an engine. */
  readonly missing: readonly string[];
  /** Full names of those that an implementation of a contract leaves out; each name ends in its reason. */
  readonly leftOut: readonly string[];
}

/** Counts tests; a file that failed without any failing test (it could not be loaded) counts as one failure. */
export function summarise(reports: readonly VitestReport[]): Summary {
  const files = reports.flatMap((report) => report.testResults);
  const tests = files.flatMap((file) => file.assertionResults);
  const failedTests = tests.filter((test) => test.status === 'failed').length;
  const brokenFiles = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const notRun = tests
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => test.fullName);
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: failedTests + brokenFiles,
    missing: notRun.filter((name) => !hasReason(name)),
    leftOut: notRun.filter(hasReason),
  };
}

/** As contract suites write it: `… (skipped: a process has no image)`. */
const hasReason = (name: string): boolean => /\(skipped: .+\)$/.test(name);
