import { stripVTControlCharacters } from 'node:util';

/** The part of vitest's JSON report that is read here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why a file could not be loaded. */
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** Each failed test or broken file with why, a few lines each: who reads only the end of a log sees what broke. */
  readonly failures: readonly string[];
  /** Full names of the tests that did not run for want of an engine. */
  readonly missing: readonly string[];
  /** Full names of those that an implementation of a contract leaves out; each name ends in its reason. */
  readonly leftOut: readonly string[];
}

/** Counts tests; a file that failed without any failing test (it could not be loaded) counts as one failure. */
export function summarise(reports: readonly VitestReport[]): Summary {
  const files = reports.flatMap((report) => report.testResults);
  const tests = files.flatMap((file) => file.assertionResults);
  const failedTests = tests.filter((test) => test.status === 'failed');
  const brokenFiles = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const notRun = tests
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => test.fullName);
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: failedTests.length + brokenFiles.length,
    failures: [
      ...failedTests.map((test) => describe(test.fullName, test.failureMessages ?? [])),
      ...brokenFiles.map((file) => describe(file.name, [file.message ?? ''])),
    ],
    missing: notRun.filter((name) => !hasReason(name)),
    leftOut: notRun.filter(hasReason),
  };
}

const shownLines = 12;

function describe(name: string, messages: readonly string[]): string {
  const lines = messages.flatMap((message) => stripVTControlCharacters(message).split('\n'));
  return [name, ...lines.slice(0, shownLines).map((line) => `  ${line}`)].join('\n  ').trimEnd();
}

/** As contract suites write it: `… (skipped: a process has no image)`. */
const hasReason = (name: string): boolean => /\(skipped: .+\)$/.test(name);
