import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';

/** What a pipeline file with three mistakes says. */
export const brokenFile: readonly Diagnostic[] = [
  {
    severity: 'error',
    code: 'unknown-stage',
    message: 'Stage "deploy" needs "bulid", which does not exist. Did you mean "build"?',
    file: '.sluice.yml',
    line: 12,
    column: 13,
    length: 5,
    sourceLine: '    needs: [bulid]',
    section: 'needs',
  },
  {
    severity: 'error',
    code: 'unknown-key',
    message: 'A deploy stage has no key "enviroment". Did you mean "environment"?',
    file: '.sluice.yml',
    line: 14,
    column: 7,
    length: 10,
    sourceLine: '      enviroment: production',
  },
  {
    severity: 'warning',
    code: 'no-vulnerability-gate',
    message:
      'Stage "scan" reports findings but never fails on them. Say from which severity on: `fail_on: high`.',
    file: '.sluice.yml',
    line: 21,
    column: 5,
    length: 4,
    sourceLine: '    scan:',
  },
];
