import type { ReportsView } from '@sluice/pipelines/protocol/api';

/** Of the failed run's unit tests: one failed and is flaky, among 57. */
export const failedReports: ReportsView = {
  tests: {
    left: 0,
    cases: [
      {
        suite: 'src/payments/charge.test.ts',
        name: 'a charge is retried once after a timeout',
        result: 'failed',
        ms: 1_042,
        message: 'AssertionError: expected 1 to be 2\n ❯ src/payments/charge.test.ts:41:23',
      },
      ...Array.from({ length: 54 }, (_, n) => ({
        suite: `src/cart/part-${n % 6}.test.ts`,
        name: `a total of ${n} items is the sum of their prices`,
        result: 'passed' as const,
        ms: (n * 37) % 420,
        message: null,
      })),
      ...['on Windows', 'with an old browser'].map((name) => ({
        suite: 'src/paths.test.ts',
        name,
        result: 'skipped' as const,
        ms: 0,
        message: null,
      })),
    ],
  },
  coverage: { lines: { covered: 4_011, total: 4_920 }, branches: null, files: [] },
  trend: Array.from({ length: 24 }, (_, n) => ({
    runId: `00000000-0000-7000-8000-0000000003${String(n).padStart(2, '0')}`,
    runNumber: 393 + n,
    at: 0,
    passed: 50 + Math.floor(n / 6) + (n % 7 === 3 || n === 23 ? 0 : 1),
    failed: n % 7 === 3 ? 4 : n === 23 ? 1 : 0,
    skipped: 2,
    testsMs: 11_000,
    lines: { covered: 3_950 + n * 2 + (n === 23 ? 15 : 0), total: 4_920 },
  })),
  flaky: [
    {
      suite: 'src/payments/charge.test.ts',
      name: 'a charge is retried once after a timeout',
      commit: '9f3c2ab41d7705be1b0f0f7c3a4f6bb1c2d5e8aa',
      failures: 2,
      lastAt: 0,
    },
  ],
};
