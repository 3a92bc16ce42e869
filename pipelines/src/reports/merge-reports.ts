import { reportLimits, type CoverageReport, type TestCase, type TestReport } from './test-report.ts';

/** One report of all files' tests. Beyond the limit, failed tests are kept before all others. */
export function mergeTests(files: readonly (readonly TestCase[])[]): TestReport {
  const all = files.flat();
  if (all.length <= reportLimits.cases) return { cases: all, left: 0 };
  const failed = all.filter((test) => test.result === 'failed');
  const others = all.filter((test) => test.result !== 'failed');
  return {
    cases: [...failed, ...others].slice(0, reportLimits.cases),
    left: all.length - reportLimits.cases,
  };
}

/** Adds up the files' counts, as of several packages. Null: there are none. */
export function mergeCoverage(reports: readonly CoverageReport[]): CoverageReport | null {
  const [first, ...rest] = reports;
  if (first === undefined) return null;
  return rest.reduce(
    (sum, each) => ({
      lines: add(sum.lines, each.lines),
      branches:
        sum.branches === null
          ? each.branches
          : each.branches === null
            ? sum.branches
            : add(sum.branches, each.branches),
      files: [...sum.files, ...each.files].slice(0, reportLimits.files),
    }),
    first,
  );
}

interface Count {
  readonly covered: number;
  readonly total: number;
}

const add = (a: Count, b: Count): Count => ({ covered: a.covered + b.covered, total: a.total + b.total });
