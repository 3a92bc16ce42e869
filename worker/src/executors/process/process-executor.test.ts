import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executorContract } from '../executor.contract.ts';
import type { ExecutorSession, StepEnd, WorkspaceSpec } from '../executor.ts';
import { findControlGroups, readGroupPlaces } from './control-groups.ts';
import { whyNoShell } from './host-shell.ts';
import { processesIn } from './kill-leftovers.ts';
import { createProcessExecutor } from './process-executor.ts';
import { probeSandbox, type Sandbox } from './sandbox.ts';

const path = process.env['PATH'] ?? '/usr/bin:/bin';
const none: Sandbox = { kind: 'none', why: 'bwrap is not installed' };
const sandbox = await probeSandbox({ path, hidden: [], writable: [] });
const groups = await findControlGroups(await readGroupPlaces());
const isolated = {
  isAllowed: true,
  path,
  sandbox,
  groups,
  workerId: 'test',
  noShell: await whyNoShell(sandbox, path),
};
const bare = { isAllowed: true, path, sandbox: none, groups: null, workerId: 'test', noShell: null };

const noImages = 'it has no images';
const noGroups = 'this worker may make no control groups';
const noSandbox = sandbox.kind === 'none' ? sandbox.why : '';

const notHere = {
  services: 'it has no containers to put beside the steps',
  'service failures': 'it has no services',
  user: 'its steps run as the worker',
  'user names': 'its steps run as the worker',
  'read-only root': 'its steps see the host',
  'process limit': 'it limits processes, and does not tell their refusal apart from failing',
  'few rights': 'its steps have the rights of the worker, without a network namespace of their own',
};

executorContract(
  'the process executor, isolated',
  () => ({
    executor: createProcessExecutor(isolated),
    image: null,
    workspaceInStep: null,
    countLeft: async (labels) => await countProcessesIn(labels['sluice.test'] ?? ''),
  }),
  {
    ...(groups === null && { 'out of memory': noGroups }),
    ...(sandbox.kind === 'none' && { 'no network': noSandbox }),
    ...(isolated.noShell !== null && { terminal: isolated.noShell }),
    'image pull': noImages,
    ...notHere,
  },
);

executorContract(
  'the process executor without bubblewrap and control groups',
  () => ({
    executor: createProcessExecutor(bare),
    image: null,
    workspaceInStep: null,
    countLeft: async (labels) => await countProcessesIn(labels['sluice.test'] ?? ''),
  }),
  {
    'out of memory': 'without control groups it limits no memory',
    'image pull': noImages,
    ...notHere,
    'no network': 'without bubblewrap it refuses to run without network',
    terminal: 'without bubblewrap nothing would keep a person to what a step may do',
  },
);

/** Processes whose home is inside the test's own folder, and what descends from them. */
async function countProcessesIn(folder: string): Promise<number> {
  return (await processesIn(join(tmpdir(), folder))).length;
}

test.each([
  [{ isAllowed: false }, {}, /SLUICE_ALLOW_PROCESS_EXECUTOR=1/],
  [{}, { network: false }, /cut off from the network.*bwrap is not installed/],
  [{}, { resources: { cpu: 1, memoryBytes: null, pids: null } }, /cannot be limited/],
  [{}, { readOnlyRoot: true }, /read_only/],
])('what it may not or cannot do is refused in words', async (options, change, message) => {
  const opened = await createProcessExecutor({ ...bare, ...options }).openWorkspace(
    { ...aSpec('/nowhere'), ...change },
    new AbortController().signal,
  );
  expect(opened).toMatchObject({
    kind: 'failed',
    reason: 'refused',
    message: expect.stringMatching(message),
  });
});

describe.skipIf(sandbox.kind === 'none')('in a sandbox (needs bubblewrap)', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'sluice-sandbox-'));
    for (const name of ['keys', 'shared', 'attempt/workspace', 'attempt/scratch'])
      await mkdir(join(root, name), { recursive: true });
    await writeFile(join(root, 'keys', 'token'), 'secret');
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  test('a step sees neither the worker’s folders nor its processes, and writes only where it may', async () => {
    const walls = await probeSandbox({
      path,
      hidden: [join(root, 'keys')],
      writable: [join(root, 'shared')],
    });
    const { session, run } = await open(createProcessExecutor({ ...isolated, sandbox: walls }), root);
    const { stdout } = await run(
      `cat ${root}/*/token 2>/dev/null || echo hidden; ls /run ${root}/attempt | grep -c docker || true
       touch /etc/new 2>/dev/null || echo read-only
       touch ${root}/shared/made "$HOME/kept" here
       ls /proc | grep -c '^[0-9]*$'`,
    );
    expect(stdout.split('\n').slice(0, 3)).toEqual(['hidden', '0', 'read-only']);
    expect(Number(stdout.split('\n')[3])).toBeLessThan(10);
    expect(await readFile(join(root, 'shared', 'made'), 'utf8')).toBe('');
    expect((await run('ls "$HOME"; ls')).stdout).toBe('kept\nhere\n');
    await session.dispose();
  });

  test('a child in a session of its own, with another home, does not outlive its step', async () => {
    const { session, run } = await open(createProcessExecutor({ ...isolated, groups: null }), root);
    await run('HOME=/ setsid sh -c "while :; do sleep 0.05; date >alive; done" & sleep 0.3; test -f alive');
    expect((await run('rm -f alive; sleep 0.4; ls')).stdout).not.toContain('alive');
    await session.dispose();
  });
});

describe.skipIf(groups === null)('in control groups (needs to be allowed to make them)', () => {
  test('a step that forks without end is bounded, and nothing of it is left', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sluice-bomb-'));
    const executor = createProcessExecutor({ ...isolated, sandbox: none });
    const limit = { resources: { cpu: null, memoryBytes: null, pids: 50 } };
    const { session, run } = await open(executor, root, limit);
    const bomb = 'f() { setsid sh -c "sleep 600" & f; }; f';
    expect((await run(bomb)).end).toMatchObject({ kind: 'exited', outOfMemory: false });
    expect(await run('echo still here')).toMatchObject({ stdout: 'still here\n' });
    await session.dispose();
    expect(await processesIn(root)).toEqual([]);
    expect((await groups?.names())?.filter((name) => name.includes(root.split('/').at(-1) ?? ''))).toEqual(
      [],
    );
    await rm(root, { recursive: true, force: true });
  });
});

async function open(
  executor: ReturnType<typeof createProcessExecutor>,
  root: string,
  change: Partial<WorkspaceSpec> = {},
): Promise<{
  readonly session: ExecutorSession;
  readonly run: (script: string) => Promise<{ readonly end: StepEnd; readonly stdout: string }>;
}> {
  for (const name of ['workspace', 'scratch']) await mkdir(join(root, 'attempt', name), { recursive: true });
  const never = new AbortController().signal;
  const opened = await executor.openWorkspace({ ...aSpec(join(root, 'attempt')), ...change }, never);
  if (opened.kind === 'failed') throw new Error(opened.message);
  let index = -1;
  return {
    session: opened.session,
    run: async (script) => {
      const chunks: Uint8Array[] = [];
      const output = {
        write: (_stream: string, chunk: Uint8Array) => void chunks.push(chunk),
        drained: async () => {},
      };
      index += 1;
      const command = { index, try: 1, script, shell: 'sh', env: {}, graceMs: 100 } as const;
      const end = await opened.session.runStep(command, output, never);
      return { end, stdout: Buffer.concat(chunks).toString() };
    },
  };
}

function aSpec(root: string): WorkspaceSpec {
  return {
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
}
