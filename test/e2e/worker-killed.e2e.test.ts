// Kills the worker with SIGKILL in the middle of its work: steps go on, and the worker that `sluice up` starts
// again takes them up where it left them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { killLeftoverProcesses, processesIn } from '@sluice/worker/executors/process/kill-leftovers';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const lines = 120;
let sluice: SluiceRig;

beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
});

// `began` in the workspace counts how often the step was started; stderr is written between the lines of stdout.
const count = `
      - name: count
        run: |
          echo began >> began
          i=0; while [ $i -lt ${lines} ]; do echo "line $i"; echo "error $i" >&2; i=$((i+1)); sleep 0.1; done
          echo "began $(wc -l < began) time(s)"
`;
const pipeline = (steps: string, image_ = `image: ${image}`): string =>
  `name: survivor\non: { push: {} }\nstages:\n  only:\n    ${image_}\n    steps:${steps}`;

test('a step goes on while its worker is dead, and its log has no gap and no repeat', async () => {
  const { run, id } = await start('once', pipeline(count), 'line 5');
  const killedAt = performance.now();
  await killWorker();
  const seen = (await linesOf(id)).length;
  await eventually('a line after the kill', async () => ((await linesOf(id)).length > seen ? true : null));
  console.log(`followed again ${Math.round(performance.now() - killedAt)} ms after the kill`);
  await expectWhole(await run());
});

test('a worker that is killed again while it follows loses nothing either', async () => {
  const { run, id } = await start('twice', pipeline(count), 'line 3');
  await killWorker();
  await eventually('lines of the second worker', async () =>
    (await linesOf(id)).includes('line 70') ? true : null,
  );
  await killWorker();
  await expectWhole(await run());
});

test('steps that ended before the kill are not run again, and those after it are run', async () => {
  const steps = `
      - echo began >> began; echo first
      - name: fails
        run: exit 3
      - name: waits
        if: always()
        run: sleep 8; echo "second $(wc -l < began)"
      - name: never
        run: echo never
      - name: last
        if: failure()
        run: echo "last $(wc -l < began)"
`;
  const { run, id } = await start('between', pipeline(steps), 'first');
  await killWorker();
  const ended = await run();
  expect(ended.status).toBe('failed');
  expect(await linesOf(id)).toEqual(['first', 'second 1', 'last 1']);
  expect(ended.attempts[0]?.log).toMatchObject({ verified: true });
  expect(ended.attempts).toHaveLength(1);
  expect(ended.state?.stages['only']).toMatchObject({ failure: { class: 'failed', exitCode: 3 } });
});

test('a step on the worker’s own host goes on too, and its worker finds it', async () => {
  const { run, id } = await start('host', pipeline(count, 'timeout: 5m'), 'line 3');
  await killWorker();
  await expectWhole(await run());
  expect(await processesIn(join(sluice.dataDir, 'worker', 'attempts'))).toEqual([]);
  expect((await linesOf(id, 's')).join()).toMatch(/steps run on the worker's own host/);
});

test('what nobody can take up again is reported at once as worker-lost', async () => {
  const { run } = await start('rebooted', pipeline(count, 'timeout: 5m'), 'line 3');
  const pid = sluice.pid('worker');
  process.kill(pid, 'SIGSTOP'); // so that it does not see its step end
  await killLeftoverProcesses(join(sluice.dataDir, 'worker', 'attempts'));
  await killWorker();
  const ended = await run();
  expect(ended.state?.stages['only']).toMatchObject({
    failure: { class: 'worker-lost', message: expect.stringMatching(/killed in the middle/) },
  });
  expect(ended.attempts[0]?.log).toMatchObject({ verified: true });
});

async function start(
  name: string,
  text: string,
  until: string,
): Promise<{ readonly id: string; readonly run: () => Promise<RunView> }> {
  const repository = await sluice.repository(name, { trusted: true });
  const commit = await repository.push({ '.sluice.yml': text });
  const { id } = await runOf(sluice.api, commit);
  await eventually(`"${until}" in the log`, async () => ((await linesOf(id)).includes(until) ? true : null));
  return { id, run: () => endedRun(sluice.api, commit) };
}

async function killWorker(): Promise<void> {
  const pid = sluice.pid('worker');
  process.kill(pid, 'SIGKILL');
  await eventually('another worker', () => {
    const now = Number(readFileSync(join(sluice.dataDir, 'run', 'worker.pid'), 'utf8'));
    return now === pid ? null : now;
  });
}

async function expectWhole(run: RunView): Promise<void> {
  expect(run.status).toBe('succeeded');
  expect(run.attempts.map(({ stage, attempt }) => `${stage} ${attempt}`)).toEqual(['only 1']);
  expect(run.attempts[0]?.log).toMatchObject({ verified: true });
  const numbers = Array.from({ length: lines }, (_, at) => at);
  const written = await linesOf(run.id);
  expect(written.filter((line) => line.startsWith('line '))).toEqual(numbers.map((at) => `line ${at}`));
  expect(written.filter((line) => line.startsWith('error '))).toEqual(numbers.map((at) => `error ${at}`));
  expect(written.filter((line) => line.startsWith('began '))).toEqual(['began 1 time(s)']);
  const label = `label=sluice.run=${run.id}`;
  expect(execFileSync('docker', ['ps', '--all', '--quiet', '--filter', label], { encoding: 'utf8' })).toBe(
    '',
  );
}

async function linesOf(runId: string, ...streams: readonly string[]): Promise<readonly string[]> {
  const run = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
  const attempt = run.attempts[0];
  if (attempt === undefined) return [];
  const page = await sluice.api.call<LogPage>('GET', `/api/attempts/${attempt.id}/log?from=0&limit=1000`);
  return page.lines
    .filter(({ stream }) => (streams.length === 0 ? stream !== 's' : streams.includes(stream)))
    .map((line) => line.text);
}
