// Must survive: kill -9 of the server, then of Redis with its data lost, in the middle of a run.
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
let sluice: SluiceRig;

beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
});

// Each step tells the host through its workspace how often it began, and waits for the test between its lines.
const pipeline = `
name: survivor
on: { push: {} }
stages:
  first:
    image: ${image}
    steps:
      - name: count
        run: |
          echo began >> began
          i=0; while [ $i -lt 40 ]; do echo "line $i"; i=$((i+1)); sleep 0.25; done
          echo "began $(wc -l < began) time(s)"
  second:
    needs: [first]
    image: ${image}
    steps: [echo second ran]
`;

test('a run ends as if nothing had happened when the server is killed, then Redis with all its data', async () => {
  const repository = await sluice.repository('survivor');
  const commit = await repository.push({ '.sluice.yml': pipeline });
  const { id } = await runOf(sluice.api, commit);
  await eventually('the step’s fifth line', async () =>
    (await linesOf(id, 'first')).includes('line 4') ? true : null,
  );

  const server = sluice.pid('server');
  process.kill(server, 'SIGKILL');
  await eventually('another server', () => {
    const now = pidIfAny();
    return now !== null && now !== server ? now : null;
  });
  await eventually('the server’s answer', () => sluice.api.call('GET', `/api/runs/${id}`));

  process.kill(sluice.pid('redis'), 'SIGKILL');
  const run = await endedRun(sluice.api, commit);

  expect(run.status).toBe('succeeded');
  expect(run.attempts.map(({ stage, attempt }) => `${stage} ${attempt}`)).toEqual(['first 1', 'second 1']);
  for (const attempt of run.attempts) expect(attempt.log).toMatchObject({ verified: true });
  const lines = await linesOf(id, 'first');
  const counted = lines.filter((line) => line.startsWith('line '));
  expect(counted).toEqual(Array.from({ length: 40 }, (_, index) => `line ${index}`));
  expect(lines).toContain('began 1 time(s)');
  expect((await linesOf(id, 'second')).filter((line) => line === 'second ran')).toHaveLength(1);
});

test('a run that is pushed while Redis is dead starts when it is back', async () => {
  const repository = await sluice.repository('patient');
  process.kill(sluice.pid('redis'), 'SIGKILL');
  const commit = await repository.push({
    '.sluice.yml': `name: patient\non: { push: {} }\nstages:\n  only: { image: '${image}', steps: [echo here] }\n`,
  });
  expect((await endedRun(sluice.api, commit)).status).toBe('succeeded');
});

async function linesOf(runId: string, stage: string): Promise<readonly string[]> {
  const run = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
  const attempt = run.attempts.find((each) => each.stage === stage);
  if (attempt === undefined) return [];
  const page = await sluice.api.call<LogPage>('GET', `/api/attempts/${attempt.id}/log?from=0&limit=1000`);
  return page.lines.filter((line) => line.stream !== 's').map((line) => line.text);
}

function pidIfAny(): number | null {
  const file = join(sluice.dataDir, 'run', 'server.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : null;
}
