// Running again and cancelling, as people do it from the command line, on a real Docker engine.
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const run = promisify(execFile);
let sluice: SluiceRig;

beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
});

test('the failed part is run again with what was kept, and the new run says where it comes from', async () => {
  const repository = await sluice.repository('again');
  const commit = await repository.push({
    '.sluice.yml': `name: again
on: { push: {} }
stages:
  build:
    image: ${image}
    steps: [ 'echo built >&2; echo 42 > answer' ]
    outputs: { answer: { file: answer } }
  test:
    needs: [build]
    image: ${image}
    env: { ANSWER: '\${{ stages.build.outputs.answer }}' }
    steps: [ 'echo "answer $ANSWER"; test "$SLUICE_RUN_NUMBER" != 1' ]
  slow:
    image: ${image}
    steps: [ 'sleep 2' ]
`,
  });
  const first = await endedRun(sluice.api, commit);
  expect(first.status).toBe('failed');

  const { stdout } = await cli('rerun', '1', '--failed');
  expect(stdout).toMatch(/kept +build +succeeded in run #1/);
  expect(stdout).toMatch(/run +test +failed/);
  expect(stdout).toContain('started run #2');

  const second = await endedRunNumber(2);
  expect(second).toMatchObject({ status: 'succeeded', rerunOf: { number: 1, what: 'failed' } });
  expect(second.attempts.map(({ stage }) => stage).toSorted()).toEqual(['build', 'slow', 'test']);
  expect(await linesOf(second, 'test')).toContain('answer 42');
  expect(await linesOf(second, 'build')).toContain('built');
  const again = await sluice.api.call<RunView>('GET', `/api/runs/${first.id}`);
  expect(again.reruns.map(({ number }) => number)).toEqual([2]);
  await expect(cli('rerun', '2', '--failed')).rejects.toThrow(/no stage of this run failed/);
});

const stubborn = `name: stubborn
on: { push: {} }
stages:
  other:
    image: ${image}
    steps: [ 'echo other; sleep 300' ]
  stubborn:
    image: ${image}
    steps:
      - echo begun; trap "" TERM; while true; do sleep 1; done
      - name: clean-up
        if: always()
        run: echo cleaning; sleep 300
      - name: after
        if: cancelled()
        run: echo after
`;

test('a cancelled stage cleans up, a second word ends that too, and nothing is left of either', async () => {
  const repository = await sluice.repository('stubborn');
  const { id, number } = await runOf(sluice.api, await repository.push({ '.sluice.yml': stubborn }));
  await untilSaid(id, 'stubborn', 'begun');
  await untilSaid(id, 'other', 'other');

  await cli('cancel', `${number}`, '--stage', 'stubborn', '--reason', 'hangs');
  await untilSaid(id, 'stubborn', 'cleaning');
  const between = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
  expect(between.state?.stages['other']).toMatchObject({ status: 'running' });
  expect(between.state?.stages['stubborn']).toMatchObject({ status: 'running', cancel: { reason: 'hangs' } });

  await cli('cancel', `${number}`, '--reason', 'enough');
  await cli('cancel', `${number}`, '--force');
  const ended = await endedRunNumber(number);
  expect(ended.status).toBe('cancelled');
  expect(ended.state?.cancel).toMatchObject({ reason: 'enough', forcedBy: expect.any(String) });
  expect(await linesOf(ended, 'stubborn')).toEqual(['begun', 'cleaning']);
  expect(ended.attempts.every((attempt) => attempt.log?.verified)).toBe(true);
  expect(left(id)).toBe('');
});

function cli(...words: readonly string[]): Promise<{ readonly stdout: string }> {
  const env = { ...process.env, SLUICE_URL: sluice.url, SLUICE_TOKEN: sluice.api.token, NO_COLOR: '1' };
  return run(process.execPath, [bin, ...words], { env, timeout: 60_000 });
}

const endedRunNumber = (number: number): Promise<RunView> =>
  eventually(`the end of run #${number}`, async () => {
    const { runs } = await sluice.api.call<{ runs: RunView[] }>('GET', '/api/runs?limit=50');
    const found = runs.find((each) => each.number === number && each.finishedAt !== null);
    return found === undefined ? null : sluice.api.call<RunView>('GET', `/api/runs/${found.id}`);
  });

async function linesOf(view: RunView, stage: string): Promise<readonly string[]> {
  const attempt = view.attempts.find((each) => each.stage === stage);
  if (attempt === undefined) return [];
  const page = await sluice.api.call<LogPage>('GET', `/api/attempts/${attempt.id}/log?from=0&limit=1000`);
  return page.lines.filter((line) => line.stream !== 's').map((line) => line.text);
}

const untilSaid = (runId: string, stage: string, words: string): Promise<true> =>
  eventually(`"${words}" of ${stage}`, async () => {
    const view = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
    return (await linesOf(view, stage)).includes(words) ? true : null;
  });

const left = (runId: string): string =>
  execFileSync('docker', ['ps', '--all', '--quiet', '--filter', `label=sluice.run=${runId}`], {
    encoding: 'utf8',
  });
