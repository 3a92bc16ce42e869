// The command line, as a release manager uses it: what runs, what it said, and the approval of a canary on Docker
// behind HAProxy after the evidence was shown.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutView, RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import { freePort } from '@sluice/server/embedded/free-port';
import { startLoad, type Load } from '../../cli/src/up/load.ts';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const run = promisify(execFile);
const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const hello = fileURLToPath(new URL('../../examples/hello/', import.meta.url));
const registry = process.env['REGISTRY'];
const baseImage = process.env['TEST_NODE_IMAGE'] ?? 'lab/node:20';

describe.skipIf(registry === undefined)('the command line (needs REGISTRY)', () => {
  let sluice: SluiceRig;
  let repository: TestRepository;
  let address: string;
  let load: Load | undefined;

  beforeAll(async () => {
    sluice = await startSluice();
    repository = await sluice.repository('hello');
    const listenPort = await freePort();
    address = `http://127.0.0.1:${listenPort}/`;
    const target = { kind: 'docker', service: 'hello', listenHost: '127.0.0.1', listenPort };
    await sluice.api.call('PUT', '/api/environments/production', target);
    const first = await endedRun(sluice.api, await repository.push(application('one'), 'the first version'));
    expect(first.status).toBe('succeeded');
    load = startLoad(address, 150);
  });
  afterAll(async () => {
    load?.stop();
    await sluice?.[Symbol.asyncDispose]();
  });

  test('approve shows old beside new and lets exactly that canary go on', async () => {
    const commit = await repository.push(application('two'), 'the second version');
    const { id, number } = await runOf(sluice.api, commit);
    await eventually('the approval that the canary waits for', async () =>
      (await phaseOf(id)) === 'awaiting-approval' ? true : null,
    );

    const { stdout } = await cli('approve', `${number}`, '--reason', 'looks good');

    expect(stdout).toMatch(/^\s+version\s+requests\s+share\s+mean\s+p95\s+max\s+errors\s+success/m);
    expect(stdout).toMatch(/^old\s+r1-[0-9a-f]{7}\s/m);
    expect(stdout).toMatch(new RegExp(`^new\\s+r${number}-${commit.slice(0, 7)}\\s`, 'm'));
    expect(stdout).toContain(`approved production of run #${number}`);
    expect((await endedRun(sluice.api, commit)).status).toBe('succeeded');
    expect(await (await fetch(address)).text()).toContain(`r${number}-${commit.slice(0, 7)}`);
  });

  test('reject takes the canary back and says who and why', async () => {
    const commit = await repository.push(application('three'), 'the third version');
    const { id, number } = await runOf(sluice.api, commit);
    await eventually('the approval that the canary waits for', async () =>
      (await phaseOf(id)) === 'awaiting-approval' ? true : null,
    );
    await cli('reject', `${number}`, '--reason', 'not on a Friday');
    const ended = await endedRun(sluice.api, commit);
    expect(ended.status).toBe('failed');
    expect(ended.state?.stages['production']).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('not on a Friday') },
    });
    expect(await (await fetch(address)).text()).toContain('r2-');
  });

  test('replay decides the same again, byte for byte, and shows what other settings would have', async () => {
    for (const number of ['2', '3']) {
      const { stdout } = await cli('replay', number);
      expect(stdout).toMatch(/^same \d+ decisions, byte for byte/m);
      expect(stdout).toContain('the chain of hashes is whole');
    }
    const file = join(await mkdtemp(join(tmpdir(), 'sluice-replay-')), 'stricter.yml');
    await writeFile(file, pipeline.replace('interval: 1s', 'interval: 1s\n      confidence: 99.9999%'));
    const { stdout } = await cli('replay', '2', '--with', file);
    expect(stdout).toContain('with confidence: 0.95 → 0.999999');
    expect(stdout).toMatch(/^different succeeded → analysing$/m);
    expect(stdout).toMatch(/^up to .* with these settings the rollout would have /m);
  });

  test('runs lists them, for people and for programs', async () => {
    const listed = JSON.parse((await cli('runs', '--json')).stdout) as readonly RunSummary[];
    expect(listed.map((each) => each.number)).toEqual([3, 2, 1]);
    const { stdout } = await cli('runs', '--status', 'failed');
    expect(stdout).toMatch(/^#3\s+failed\s+acme\/hello/);
  });

  test('runs start and runs inputs take the branch that they are given', async () => {
    for (const command of ['start', 'inputs'])
      await expect(cli('runs', command, '--branch', 'nowhere')).rejects.toThrow('no branch "nowhere"');
    const { stdout } = await cli('runs', 'inputs');
    expect(stdout).toContain('hello .sluice.yml  is not started by hand');
  });

  test('logs prints every stage, and with --follow ends when the run has ended', async () => {
    const { stdout } = await cli('logs', '1');
    const followed = await cli('logs', '--follow', '1');
    expect(stdout).toContain('── test');
    expect(stdout).toContain('tested by hand');
    expect(followed.stdout.split('\n').toSorted()).toEqual(stdout.split('\n').toSorted());
  });

  test('a run that waits for nothing cannot be approved, and no server gives advice', async () => {
    await expect(cli('approve', '1')).rejects.toThrow(/run #1 waits for no approval/);
    await expect(cli('runs', { SLUICE_URL: 'http://127.0.0.1:1' })).rejects.toThrow(
      /no server answers|sluice up/,
    );
  });

  function cli(...words: (string | Readonly<Record<string, string>>)[]): Promise<{ stdout: string }> {
    const environment = Object.assign({}, ...words.filter((word) => typeof word !== 'string'));
    const args = words.filter((word) => typeof word === 'string');
    const env = {
      ...process.env,
      SLUICE_URL: sluice.url,
      SLUICE_TOKEN: sluice.api.token,
      NO_COLOR: '1',
      ...environment,
    };
    return run(process.execPath, [bin, ...args], { env, timeout: 60_000 });
  }

  async function phaseOf(runId: string): Promise<string | null> {
    const view = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
    const rollout = view.rollouts.at(-1);
    if (rollout === undefined) return null;
    return (await sluice.api.call<RolloutView>('GET', `/api/rollouts/${rollout.id}`)).rollout.phase.name;
  }
});

function application(word: string): Readonly<Record<string, string>> {
  const names = ['server.mjs', 'metrics.mjs', 'greeting.mjs', 'Dockerfile', '.dockerignore'];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(`${hello}${name}`, 'utf8')]));
  return { ...files, 'error-rate.txt': '0\n', 'NOTES.md': `${word}\n`, '.sluice.yml': pipeline };
}

const pipeline = `
name: hello
on: { push: {} }
stages:
  test:
    image: ${baseImage}
    steps: [echo tested by hand]
  image:
    needs: [test]
    build: { file: Dockerfile, args: { BASE: '${baseImage}' } }
  push:
    needs: [image]
    push: { of: image, to: '${registry}/sluice-e2e-hello', tags: ['\${{ commit.short }}'] }
  production:
    needs: [push]
    deploy:
      environment: production
      image: push
      container: { port: 8080, replicas: 2, health: /healthz }
      strategy: canary
      interval: 1s
      drain: 1s
      steps:
        - set_weight: 25
        - analysis: { for: 45s }
        - approve: { within: 5m }
`;
