import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StageReports } from '@sluice/pipelines/reports/test-report';
import type { ExecutorSession } from '../executors/executor.ts';
import { collectReports } from './collect-reports.ts';
import { maskReports } from './mask-reports.ts';

let workspace: string;
beforeEach(async () => void (workspace = await mkdtemp(join(tmpdir(), 'sluice-reports-'))));
afterEach(() => rm(workspace, { recursive: true, force: true }));

const session: Pick<ExecutorSession, 'fetchTree'> = { fetchTree: () => Promise.resolve() };

async function collect(
  rule: { readonly junit: readonly string[]; readonly coverage: readonly string[] },
  sendFails: Error | null = null,
): Promise<{ readonly said: readonly string[]; readonly sent: readonly StageReports[] }> {
  const said: string[] = [];
  const sent: StageReports[] = [];
  const nothing = (): void => {};
  await collectReports(
    {
      workspace,
      signal: new AbortController().signal,
      log: {
        say: (line) => said.push(line),
        write: nothing,
        stepStarted: nothing,
        stepFinished: nothing,
        drained: () => Promise.resolve(),
      },
      sendReports: async (reports) => {
        if (sendFails !== null) throw sendFails;
        sent.push(reports);
      },
    },
    session,
    rule,
  );
  return { said, sent };
}

test('reports of several files become one, and what cannot be read is named and left out', async () => {
  await mkdir(join(workspace, 'reports'));
  await writeFile(join(workspace, 'reports/a.xml'), '<testsuite><testcase name="a"/></testsuite>');
  await writeFile(
    join(workspace, 'reports/b.xml'),
    '<testsuite><testcase name="b"><failure message="no"/></testcase></testsuite>',
  );
  await writeFile(join(workspace, 'reports/c.xml'), 'half a fi');
  await symlink('/etc/passwd', join(workspace, 'reports/d.xml'));
  await writeFile(join(workspace, 'lcov.info'), 'SF:a.ts\nDA:1,1\nDA:2,0\n');
  const { said, sent } = await collect({ junit: ['reports/*.xml'], coverage: ['lcov.info'] });
  expect(sent[0]?.tests?.cases.map(({ name, result }) => `${name} ${result}`).toSorted()).toEqual([
    'a passed',
    'b failed',
  ]);
  expect(sent[0]?.coverage?.lines).toEqual({ covered: 1, total: 2 });
  expect(said.join('\n')).toMatch(/reports\/c\.xml is not read: it is not XML/);
  expect(said.at(-1)).toBe('reports: 1 tests passed, 1 failed, 0 skipped; 50.0 % of 2 lines covered');
});

test('no report and a server that refuses are said, and decide nothing', async () => {
  expect(await collect({ junit: ['none/*.xml'], coverage: [] })).toEqual({
    said: ['reports.junit: no file matches none/*.xml'],
    sent: [],
  });
  await writeFile(join(workspace, 'lcov.info'), 'SF:a.ts\nDA:1,1\n');
  const refused = await collect({ junit: [], coverage: ['lcov.info'] }, new Error('no room'));
  expect(refused.said).toEqual(['The server did not take the reports: no room']);
});

test('a secret that a test printed does not reach the server', () => {
  const masked = maskReports(
    {
      tests: {
        cases: [{ suite: 'hunter2x', name: 'n', result: 'failed', ms: 1, message: 'hunter2x!' }],
        left: 0,
      },
      coverage: null,
    },
    (text) => text.replaceAll('hunter2x', '***'),
  );
  expect(JSON.stringify(masked)).not.toContain('hunter2x');
});
