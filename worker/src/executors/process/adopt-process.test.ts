import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExecutorSession, StepEnd, WorkspaceSpec } from '../executor.ts';
import { findControlGroups, readGroupPlaces } from './control-groups.ts';
import { processesIn } from './kill-leftovers.ts';
import { createProcessExecutor } from './process-executor.ts';
import { descendantsOf, listProcesses, sendSignal } from './process-table.ts';
import { probeSandbox, type Sandbox } from './sandbox.ts';
import { writeSessionRecord } from './session-record.ts';
import { begunKeeper } from './process-session.ts';
import { stepFolder } from './session-folders.ts';

const path = process.env['PATH'] ?? '/usr/bin:/bin';
const never = new AbortController().signal;
const groups = await findControlGroups(await readGroupPlaces());
const sandboxes: readonly Sandbox[] = [
  await probeSandbox({ path, hidden: [], writable: [] }),
  { kind: 'none', why: 'the test says so' },
];

describe.skipIf(process.platform !== 'linux').each(sandboxes)('adopting processes ($kind)', (sandbox) => {
  let root: string;
  let spec: WorkspaceSpec;
  const executor = createProcessExecutor({
    isAllowed: true,
    path,
    sandbox,
    groups,
    workerId: 'adopt-test',
    noShell: null,
  });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sluice-adopt-'));
    for (const name of ['workspace', 'scratch']) await mkdir(join(root, name));
    spec = {
      image: null,
      workspace: join(root, 'workspace'),
      filled: Promise.resolve(),
      scratch: join(root, 'scratch'),
      labels: {},
      network: true,
      resources: { cpu: null, memoryBytes: null, pids: null },
      timeoutMs: 600_000,
      pod: null,
      services: [],
      user: null,
      readOnlyRoot: false,
      registryCredentials: [],
      onProgress: () => {},
    };
  });
  afterEach(async () => {
    await (await open()).dispose();
    expect(await processesIn(root)).toEqual([]);
    await rm(root, { recursive: true, force: true });
  });

  const open = async (): Promise<ExecutorSession> => {
    const opened = await executor.openWorkspace(spec, never);
    if (opened.kind === 'failed') throw new Error(opened.message);
    return opened.session;
  };
  const adopt = async (): Promise<ExecutorSession> => {
    const adopted = await executor.adoptWorkspace?.(spec, never);
    if (adopted?.kind !== 'adopted') throw new Error(`not adopted: ${JSON.stringify(adopted)}`);
    return adopted.session;
  };
  const untilThere = async (name: string): Promise<void> => {
    const isThere = (): Promise<boolean> =>
      access(join(spec.workspace, name)).then(
        () => true,
        () => false,
      );
    while (!(await isThere())) await sleep(10);
  };

  test('the step under way is followed from its first byte to its end, and later steps run', async () => {
    const first = await open();
    await run(first, 0, 'echo before');
    const lines = 'i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo $i; done';
    const script = `echo began >>began\n${lines}\ntouch half; while [ ! -f go ]; do sleep 0.05; done\n${lines}\nprintf '\\377end'; exit 3`;
    const abandoned = run(first, 1, script);
    await untilThere('half');
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

  test('a step that has ended is told again as it was, and not run again', async () => {
    const first = await open();
    await run(first, 0, 'echo x >>began; echo said; exit 4');
    const again = await run(await adopt(), 0, 'never sent');
    expect([again.stdout.toString(), again.end]).toEqual([
      'said\n',
      { kind: 'exited', exitCode: 4, outOfMemory: false, outOfProcesses: false },
    ]);
    expect((await run(first, 1, 'cat began')).stdout.toString()).toBe('x\n');
  });

  test('a step that was to begin and did not is begun, once', async () => {
    await run(await open(), 0, 'true');
    await mkdir(stepFolder(spec.scratch, 1));
    const { stdout, end } = await run(await adopt(), 1, 'echo now');
    expect([stdout.toString(), end.kind]).toEqual(['now\n', 'exited']);
  });

  test('a stop reaches a step that is followed again', async () => {
    const first = run(await open(), 0, 'touch ready; sleep 600').catch((error: unknown) => error);
    await untilThere('ready');
    const stop = new AbortController();
    const followed = run(await adopt(), 0, 'never sent', stop.signal);
    stop.abort();
    expect((await followed).end).toEqual({ kind: 'stopped' });
    await first;
  });

  test('a workspace in which no step began, one whose host was started anew and one whose keeper is dead', async () => {
    expect(await executor.adoptWorkspace?.(spec, never)).toEqual({ kind: 'never-used' });
    const first = run(await open(), 0, 'touch ready; sleep 600').catch((error: unknown) => error);
    await untilThere('ready');
    const keeper = await begunKeeper(stepFolder(spec.scratch, 0));
    if (keeper === null) throw new Error('no keeper');
    const below = descendantsOf(keeper.pid, await listProcesses());
    for (const { pid } of [keeper, ...below]) sendSignal(pid, 'SIGKILL');
    expect(await first).toMatchObject({ message: expect.stringMatching(/was killed before the step ended/) });
    expect(await executor.adoptWorkspace?.(spec, never)).toMatchObject({
      kind: 'gone',
      message: expect.stringMatching(/kept step 1 has ended/),
    });
    expect(await processesIn(root)).toEqual([]);
    await writeSessionRecord(spec.scratch, { bootId: 'of another uptime' });
    expect(await executor.adoptWorkspace?.(spec, never)).toMatchObject({
      kind: 'gone',
      message: expect.stringMatching(/started anew/),
    });
  });

  test('nothing of a step’s values stands in a file, an argument or its keeper’s environment', async () => {
    const session = await open();
    const ended = run(session, 0, 'touch ready; while [ ! -f go ]; do sleep 0.05; done', never, {
      TOKEN: 'hush-hush',
    });
    await untilThere('ready');
    const folder = stepFolder(spec.scratch, 0);
    const files = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')),
    );
    const keeper = await begunKeeper(folder);
    const seen = ['cmdline', 'environ'].map((name) => readFile(`/proc/${keeper?.pid}/${name}`, 'utf8'));
    for (const text of [...files, ...(await Promise.all(seen))]) expect(text).not.toContain('hush-hush');
    await writeFile(join(spec.workspace, 'go'), '');
    await ended;
  });
});

async function run(
  session: ExecutorSession,
  index: number,
  script: string,
  signal: AbortSignal = never,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly end: StepEnd; readonly stdout: Buffer }> {
  const chunks: Uint8Array[] = [];
  const end = await session.runStep(
    { index, try: 1, script, shell: 'sh', env, graceMs: 100 },
    {
      write: (stream, chunk) => void (stream === 'stdout' && chunks.push(chunk)),
      drained: async () => {},
    },
    signal,
  );
  return { end, stdout: Buffer.concat(chunks) };
}
