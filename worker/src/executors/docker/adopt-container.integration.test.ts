import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  StepLostError,
  type Executor,
  type ExecutorSession,
  type StepEnd,
  type WorkspaceSpec,
} from '../executor.ts';
import { connectDocker } from './docker-connection.ts';
import { createDockerExecutor } from './docker-executor.ts';
import { readSessionRecord, writeSessionRecord } from './session-record.ts';

const host = process.env['DOCKER_HOST'];
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const never = new AbortController().signal;

describe.skipIf(host === undefined)('adopting on a Docker engine (needs DOCKER_HOST)', () => {
  let root: string;
  let spec: WorkspaceSpec;
  let first: ExecutorSession;
  const executor = (): Executor => createDockerExecutor(connectDocker(host ?? ''), { isLocal: true });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sluice-adopt-'));
    for (const name of ['workspace', 'scratch']) await mkdir(join(root, name));
    spec = {
      image,
      workspace: join(root, 'workspace'),
      filled: Promise.resolve(),
      scratch: join(root, 'scratch'),
      labels: { sluice: 'test', 'sluice.attempt': '1' },
      network: false,
      services: [],
      user: null,
      readOnlyRoot: false,
      resources: { cpu: null, memoryBytes: null, pids: null },
      timeoutMs: 600_000,
      pod: null,
      registryCredentials: [],
      onProgress: () => {},
    };
    const opened = await executor().openWorkspace(spec, never);
    if (opened.kind === 'failed') throw new Error(opened.message);
    first = opened.session;
  });
  afterEach(async () => {
    await first.dispose();
    await rm(root, { recursive: true, force: true });
  });

  const exists = (name: string): Promise<boolean> =>
    access(join(spec.workspace, name)).then(
      () => true,
      () => false,
    );
  const adopt = async (): Promise<ExecutorSession> => {
    const adopted = await executor().adoptWorkspace?.(spec, never);
    if (adopted?.kind !== 'adopted') throw new Error(`not adopted: ${adopted?.kind}`);
    return adopted.session;
  };

  test('the step under way is followed from its first byte to its end, and later steps run', async () => {
    await run(first, 0, 'echo before');
    const lines = 'i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo $i; done';
    const script = `echo began >> began\n${lines}\ntouch half; while [ ! -f go ]; do sleep 0.05; done\n${lines}\nprintf '\\377end'; exit 3`;
    const abandoned = run(first, 1, script);
    while (!(await exists('half'))) await sleep(10);
    const second = await adopt();
    const followed = run(second, 1, 'never sent');
    await writeFile(join(spec.workspace, 'go'), '');
    const { stdout, end } = await followed;
    const counted = Array.from({ length: 500 }, (_, at) => `${at + 1}\n`).join('');
    expect(
      stdout.equals(Buffer.concat([Buffer.from(counted + counted), Buffer.from([255]), Buffer.from('end')])),
    ).toBe(true);
    expect(end).toEqual({ kind: 'exited', exitCode: 3, outOfMemory: false, outOfProcesses: false });
    await abandoned;
    expect((await run(second, 2, 'cat began')).stdout.toString()).toBe('began\n');
  });

  test('a step that may or may not have been sent is lost rather than run twice', async () => {
    await run(first, 0, 'echo before');
    const record = await readSessionRecord(spec.scratch);
    if (record === null) throw new Error('no record');
    await writeSessionRecord(spec.scratch, { ...record, step: { index: 1, try: 1, mark: 'never-sent' } });
    await expect(run(await adopt(), 1, 'echo no')).rejects.toThrow(StepLostError);
  }, 30_000);

  test('a workspace in which no step began, and one whose container is gone, are told apart', async () => {
    expect(await executor().adoptWorkspace?.(spec, never)).toEqual({ kind: 'never-used' });
    await run(first, 0, 'true');
    await first.dispose();
    expect(await executor().adoptWorkspace?.(spec, never)).toMatchObject({
      kind: 'gone',
      message: expect.stringMatching(/container/),
    });
  });

  async function run(
    session: ExecutorSession,
    index: number,
    script: string,
  ): Promise<{ readonly end: StepEnd; readonly stdout: Buffer }> {
    const chunks: Buffer[] = [];
    const end = await session.runStep(
      { index, try: 1, script, shell: 'sh', env: {}, graceMs: 100 },
      {
        write: (stream, chunk) => void (stream === 'stdout' && chunks.push(Buffer.from(chunk))),
        drained: async () => {},
      },
      never,
    );
    return { end, stdout: Buffer.concat(chunks) };
  }
});
