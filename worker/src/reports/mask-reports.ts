import { reportLimits, type StageReports } from '@sluice/pipelines/reports/test-report';

/** No text of a report holds a secret: tests print what they were given. */
export function maskReports(
  { tests, coverage }: StageReports,
  redact: (text: string) => string,
): StageReports {
  const name = (text: string): string => redact(text).slice(0, reportLimits.nameCharacters);
  const message = (text: string): string => redact(text).slice(0, reportLimits.messageCharacters);
  return {
    tests: tests && {
      ...tests,
      cases: tests.cases.map((test) => ({
        ...test,
        suite: name(test.suite),
        name: name(test.name),
        message: test.message === null ? null : message(test.message),
      })),
    },
    coverage: coverage && {
      ...coverage,
      files: coverage.files.map((file) => ({ ...file, path: name(file.path) })),
    },
  };
}
