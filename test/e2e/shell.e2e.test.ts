// A person's shell in a stage, from the command line and from the page: on a Docker engine, in a pod, on the worker's host.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { AuditView, RunView } from '@sluice/pipelines/protocol/api';
import { chromiumPath, launchChromium } from '../page/chromium.ts';
import { watchFaults } from '../page/page-faults.ts';
import { podPool, podWorkers } from '../rig/pod-workers.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
let sluice: SluiceRig;

beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
});

const pipeline = (steps: string, more = '', place = `image: ${image}`): string =>
  `name: shell\non: { push: {} }\nstages:\n  only:\n    ${place}\n    env: { COLOUR: teal }\n${more}    steps: ${steps}\n`;

test('a running stage is entered, sees what its steps see, and is told when the step ends', async () => {
  const { id, number } = await start(
    'running',
    pipeline(`[ 'echo made > made; while [ ! -f go ]; do sleep 0.2; done' ]`),
  );
  await running(id);
  const seen = await shell([`${number}`], ['echo hello$((1+1)) $COLOUR; cat made', 'touch go', 'sleep 60']);
  expect(seen.output).toContain('hello2 teal');
  expect(seen.output).toContain('made');
  expect(seen.errors).toMatch(/step ended|stage has ended/);
  const run = await eventually('the end', async () => ended(id));
  expect(run.status).toBe('succeeded');
  expect(containers(id)).toEqual([]);
});

test('a failed stage that was asked to be kept is entered after its end, and released by hand', async () => {
  const keep = '    keep_on_failure: 10m\n';
  const repository = await sluice.repository('kept');
  const commit = await repository.push({
    '.sluice.yml': pipeline(`[ 'echo broken > result; exit 3' ]`, keep),
  });
  const run = await endedRun(sluice.api, commit);
  expect(run).toMatchObject({ status: 'failed', attempts: [{ log: { verified: true } }] });
  expect(run.attempts[0]?.heldUntil).toBeGreaterThan(Date.now());
  expect(containers(run.id)).toHaveLength(1);

  const seen = await shell([`${run.number}`, 'only'], ['cat result', 'sleep 1000 &', 'exit 7']);
  expect(seen.output).toContain('broken');
  expect(seen.code).toBe(7);
  const [closed, opened] = await audit();
  expect(opened).toMatchObject({ action: 'shell-opened', subject: run.attempts[0]?.id });
  expect(closed).toMatchObject({ action: 'shell-closed', subject: run.attempts[0]?.id });

  await shell([`${run.number}`, '--release'], []);
  await eventually('nothing left', () => (containers(run.id).length === 0 ? true : null));
  const again = await shell([`${run.number}`, 'only'], []);
  expect(again.errors).toMatch(/is over and nothing of it is kept/);
  expect(again.code).toBe(1);
});

const untilGo = `[ 'echo made > made; while [ ! -f go ]; do sleep 0.2; done' ]`;
const onTheHost = 'timeout: 10m';
const hasBubblewrap = spawnSync('bwrap', ['--version']).status === 0;

test.runIf(hasBubblewrap)(
  "a stage on the worker's own host is entered behind the walls of its steps, running and failed (needs bubblewrap)",
  async () => {
    const running_ = await start('host-running', pipeline(untilGo, '', onTheHost), true);
    await running(running_.id);
    const keys = `ls -A ${sluice.dataDir} | wc -l`;
    const seen = await shell(
      [`${running_.number}`],
      ['echo hello$((1+1)) $COLOUR; cat made', `echo keys$(${keys})`, 'touch go', 'sleep 60'],
    );
    expect(seen.output).toMatch(/hello2 teal\s+made/);
    expect(seen.output).toMatch(/keys[01]\s/); // of the data folder no more than the way to its own workspace
    expect(seen.errors).toMatch(/step ended|stage has ended/);
    const { status } = await eventually('the end', async () => ended(running_.id));
    expect(status).toBe('succeeded');

    const failing = pipeline(`[ 'echo broken > result; exit 3' ]`, '    keep_on_failure: 10m\n', onTheHost);
    const kept = await start('host-kept', failing, true);
    await eventually('the end', async () => ended(kept.id));
    const after = await shell([`${kept.number}`], ['cat result', 'exit 7']);
    expect(after.output).toContain('broken');
    expect(after.code).toBe(7);
    await shell([`${kept.number}`, '--release'], []);
    expect((await shell([`${kept.number}`], [])).errors).toMatch(/nothing of it is kept/);
  },
);

test.skipIf(process.env['KUBECONFIG'] === undefined)(
  'a stage in a pod is entered while it runs, and after it has failed where it is kept (needs KUBECONFIG)',
  async () => {
    using workers = podWorkers(sluice, 'sluice-e2e-shell');
    workers.start('pods');
    const place = `image: ${image}\n    pool: ${podPool}`;
    const running_ = await start('pod-running', pipeline(untilGo, '', place));
    await running(running_.id);
    const seen = await shell(
      [`${running_.number}`],
      ['echo hello$((1+1)) $COLOUR; cat made', 'touch go', 'sleep 60'],
    );
    expect(seen.output).toMatch(/hello2 teal\s+made/);
    expect(seen.errors).toMatch(/step ended|stage has ended/);
    await eventually('the end', async () => ended(running_.id));

    const failing = pipeline(`[ 'echo broken > result; exit 3' ]`, '    keep_on_failure: 10m\n', place);
    const kept = await start('pod-kept', failing);
    const run = await eventually('the end', async () => ended(kept.id));
    expect(run.attempts[0]?.heldUntil).toBeGreaterThan(Date.now());
    const after = await shell([`${kept.number}`], ['cat result', 'exit 7']);
    expect(after.output).toContain('broken');
    expect(after.code).toBe(7);
    expect(workers.podsOf(kept.id)).not.toBe('');
    await shell([`${kept.number}`, '--release'], []);
    await eventually('nothing left', () => (workers.podsOf(kept.id) === '' ? true : null));
  },
);

test('what a killed worker had kept is gone when it is back', async () => {
  const keep = '    keep_on_failure: 10m\n';
  const repository = await sluice.repository('killed');
  const commit = await repository.push({ '.sluice.yml': pipeline(`[ 'exit 3' ]`, keep) });
  const run = await endedRun(sluice.api, commit);
  expect(containers(run.id)).toHaveLength(1);
  const pid = sluice.pid('worker');
  process.kill(pid, 'SIGKILL');
  await eventually('another worker', () =>
    Number(readFileSync(join(sluice.dataDir, 'run', 'worker.pid'), 'utf8')) === pid ? null : true,
  );
  await eventually('nothing left', () => (containers(run.id).length === 0 ? true : null));
});

test.skipIf(chromiumPath === null)(
  'a failed stage is entered from the page, its files are there, and Release removes them (skipped without Chromium)',
  async () => {
    await build({ root: 'web', configFile: 'web/vite.config.ts', logLevel: 'error' });
    const repository = await sluice.repository('page');
    const commit = await repository.push({
      '.sluice.yml': pipeline(`[ 'echo broken > result; exit 3' ]`, '    keep_on_failure: 10m\n'),
    });
    const run = await endedRun(sluice.api, commit);
    const browser = await launchChromium(chromiumPath ?? '');
    try {
      const context = await browser.newContext({ locale: 'en-GB' });
      await context.request.post(`${sluice.url}/api/session`, { data: { token: sluice.api.token } });
      const page = await context.newPage();
      const faults = watchFaults(page);
      await page.goto(`${sluice.url}/runs/${run.id}`);
      await page.click('.stage-side button:has-text("Shell")');
      const terminal = page.locator('.shell-terminal .xterm-rows');
      const shows = async (text: RegExp) => {
        await expect.poll(() => terminal.textContent(), { timeout: 60_000 }).toMatch(text);
      };
      await terminal.waitFor();
      await page.keyboard.type('echo hello$((1+1)) $COLOUR; cat result\n');
      await shows(/hello2.teal.*broken/);
      await page.keyboard.type('seq 1 1000000; echo all$((1+1))\n');
      await shows(/1000000all2/);
      await page.keyboard.type('exit 7\n');
      await page.waitForSelector('.shell-ended:has-text("exit code 7")');
      await page.click('[aria-label="Close the shell"]');
      await page.click('.stage-side button:has-text("Release")');
      await page.click('[role=dialog] .danger');
      await eventually('nothing left', () => (containers(run.id).length === 0 ? true : null));
      await page.waitForSelector('.stage-side button:has-text("Shell")', { state: 'detached' });
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);

describe('who may not enter', () => {
  test('nobody who is not signed in, and no worker without the session’s own token', async () => {
    const { id } = await start('refused', pipeline(`[ 'while [ ! -f go ]; do sleep 0.2; done' ]`));
    const attemptId = await running(id);
    await expect(upgrade(`/shell/${attemptId}`, {})).rejects.toThrow(/401/);
    await expect(upgrade(`/shell/${attemptId}`, { authorization: 'Bearer sluice_wrong' })).rejects.toThrow(
      /401/,
    );
    const session = '01890000-0000-7000-8000-000000000000';
    const worker = readFileSync(join(sluice.dataDir, 'worker-token'), 'utf8').trim();
    await expect(upgrade(`/worker/shells/${session}`, {})).rejects.toThrow(/401/);
    await expect(upgrade(`/worker/shells/${session}`, { authorization: `Bearer ${worker}` })).rejects.toThrow(
      /404/,
    );
    await sluice.api.call('POST', `/api/runs/${id}/cancel`, { reason: 'seen' });
    await eventually('the end', async () => ended(id));
  });
});

async function start(
  name: string,
  text: string,
  trusted = false,
): Promise<{ readonly id: string; readonly number: number }> {
  const repository = await sluice.repository(name, { trusted });
  return runOf(sluice.api, await repository.push({ '.sluice.yml': text }));
}

/** The id of the attempt, once its first step runs. */
const running = (id: string): Promise<string> =>
  eventually('the step to run', async () => {
    const view = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
    const stage = view.state?.stages['only'];
    const isRunning = stage?.status === 'running' && stage.steps[0]?.status === 'running';
    return isRunning ? view.attempts[0]?.id : null;
  });

async function ended(id: string): Promise<RunView | null> {
  const view = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
  return view.finishedAt === null ? null : view;
}

/** Types these lines, one after another, into `sluice shell`, and waits for its end. */
function shell(
  words: readonly string[],
  lines: readonly string[],
): Promise<{ readonly output: string; readonly errors: string; readonly code: number | null }> {
  const env = { ...process.env, SLUICE_URL: sluice.url, SLUICE_TOKEN: sluice.api.token, NO_COLOR: '1' };
  const child = spawn(process.execPath, [bin, 'shell', ...words], { env, timeout: 90_000 });
  const seen = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (seen.output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (seen.errors += text));
  for (const line of lines) child.stdin.write(`${line}\n`);
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...seen, code })));
}

function containers(runId: string): readonly string[] {
  const words = ['ps', '--all', '--quiet', '--filter', `label=sluice.run=${runId}`];
  return execFileSync('docker', words, { encoding: 'utf8' }).split('\n').filter(Boolean);
}

const audit = async (): Promise<readonly AuditView[]> => {
  const { entries } = await sluice.api.call<{ entries: readonly AuditView[] }>('GET', '/api/audit?limit=20');
  return entries.filter(({ action }) => action.startsWith('shell-'));
};

function upgrade(path: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const socket = new WebSocket(`${sluice.url.replace(/^http/, 'ws')}${path}`, { headers });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket.close()));
    socket.once('error', reject);
  });
}
