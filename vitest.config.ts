import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/dist/**'];

// Three projects by what they need: `unit` needs no engine at all, `integration` needs PostgreSQL, Redis,
// Docker, Kubernetes or a registry for one house, `e2e` drives the whole product. The time limits end what hangs,
// also on a busy machine; no test is meant to come near them.
const expectations = { poll: { timeout: 60_000 } };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Unit tests share no state but modules without effects: loading these once a process halves the time.
          isolate: false,
          include: ['{pipelines,server,worker,web,cli}/src/**/*.test.{ts,tsx}', 'test/*.test.ts'],
          exclude: [...exclude, '**/*.integration.test.ts'],
          testTimeout: 60_000,
          expect: expectations,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{server,worker,cli}/src/**/*.integration.test.ts'],
          exclude,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: expectations,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts'],
          exclude,
          fileParallelism: false,
          testTimeout: 300_000,
          expect: expectations,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
