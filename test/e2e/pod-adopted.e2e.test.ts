// Two workers that run stages as pods; the one that holds a stage is killed with SIGKILL in the middle of a step and does
// not come back. The pod goes on, and the other worker takes it over.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const namespace = `sluice-e2e-pods-${process.pid}`;
const lines = 300;

const pipeline = `
name: survivor
on: { push: {} }
stages:
  only:
    pool: pods
    image: ${image}
    steps:
      - echo first >> began; echo before
      - name: count
        run: |
          echo count >> began
          i=0; while [ $i -lt ${lines} ]; do echo "line $i"; echo "error $i" >&2; i=$((i+1)); sleep 0.1; done
      - name: after
        run: cat began; cp began result
    outputs:
      result: { file: result }
`;

describe.skipIf(process.env['KUBECONFIG'] === undefined)('pods of a lost worker (needs KUBECONFIG)', () => {
  let sluice: SluiceRig;
  const workers = new Map<string, ChildProcess>();

  beforeAll(async () => {
    execFileSync('kubectl', ['create', 'namespace', namespace], { stdio: 'ignore' });
    sluice = await startSluice();
    for (const name of ['one', 'two']) workers.set(name, startWorker(sluice, name));
  });
  afterAll(async () => {
    for (const worker of workers.values()) worker.kill('SIGKILL');
    await sluice[Symbol.asyncDispose]();
    execFileSync('kubectl', ['delete', 'namespace', namespace, '--wait=false'], { stdio: 'ignore' });
  });

  test('another worker takes the pod over: no line is lost, none comes twice, no step runs again', async () => {
    const repository = await sluice.repository('survivor');
    const commit = await repository.push({ '.sluice.yml': pipeline });
    const { id } = await runOf(sluice.api, commit);
    await eventually('"line 5" in the log', async () =>
      (await linesOf(id)).includes('line 5') ? true : null,
    );
    const holder = await holderOf(id);
    workers.get(holder)?.kill('SIGKILL');

    const run = await endedRun(sluice.api, commit);
    expect(run.status).toBe('succeeded');
    expect(run.attempts.map(({ stage, attempt }) => `${stage} ${attempt}`)).toEqual(['only 1']);
    expect(run.attempts[0]?.log).toMatchObject({ verified: true });
    const written = await linesOf(id);
    const numbers = Array.from({ length: lines }, (_, at) => at);
    expect(written.filter((line) => line.startsWith('line '))).toEqual(numbers.map((at) => `line ${at}`));
    expect(written.filter((line) => line.startsWith('error '))).toEqual(numbers.map((at) => `error ${at}`));
    expect(written.slice(-2)).toEqual(['first', 'count']);
    expect(run.state?.stages['only']).toMatchObject({ outputs: { result: 'first\ncount' } });
    await eventually('the end of its pod', () => (podsOf(id) === '' ? true : null));
  });

  function startWorker(rig: SluiceRig, name: string): ChildProcess {
    const data = join(rig.dataDir, `worker-${name}`);
    mkdirSync(data);
    const log = openSync(join(rig.dataDir, 'log', `worker-${name}.log`), 'w');
    return spawn(process.execPath, [bin, 'worker'], {
      env: {
        ...process.env,
        SLUICE_DATA: data,
        SLUICE_SERVER_URL: rig.url,
        SLUICE_WORKER_TOKEN: readFileSync(join(rig.dataDir, 'worker-token'), 'utf8').trim(),
        REDIS_URL: redisOf(rig),
        SLUICE_POOL: 'pods',
        SLUICE_EXECUTOR: 'kubernetes',
        SLUICE_KUBERNETES_NAMESPACE: namespace,
        DOCKER_HOST: 'unix:///no/such/engine.sock',
      },
      stdio: ['ignore', log, log],
    });
  }

  /** The server was given its address in its environment. */
  function redisOf(rig: SluiceRig): string {
    const environment = readFileSync(`/proc/${rig.pid('server')}/environ`, 'utf8').split('\0');
    return environment.find((line) => line.startsWith('REDIS_URL='))?.slice('REDIS_URL='.length) ?? '';
  }

  /** By the label of the pod: which of the workers it is, is in the file of its data folder. */
  async function holderOf(runId: string): Promise<string> {
    const worker = await eventually('the holder', () => {
      const path = 'jsonpath={.items[*].metadata.labels.sluice\\.worker}';
      const found = kubectl('get', 'pods', '-l', `sluice.run=${runId}`, '-o', path);
      return found === '' ? null : found;
    });
    for (const name of workers.keys()) {
      const id = readFileSync(join(sluice.dataDir, `worker-${name}`, 'worker', 'worker-id'), 'utf8').trim();
      if (id === worker) return name;
    }
    throw new Error(`no worker of this test is ${worker}`);
  }

  const podsOf = (runId: string): string => kubectl('get', 'pods', '-l', `sluice.run=${runId}`, '-o', 'name');

  const kubectl = (...args: string[]): string =>
    execFileSync('kubectl', ['-n', namespace, ...args], { encoding: 'utf8' }).trim();

  async function linesOf(runId: string): Promise<readonly string[]> {
    const run = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
    const attempt = run.attempts[0];
    if (attempt === undefined) return [];
    const page = await sluice.api.call<LogPage>('GET', `/api/attempts/${attempt.id}/log?from=0&limit=1000`);
    return page.lines.filter((line) => line.stream !== 's').map((line) => line.text);
  }
});
