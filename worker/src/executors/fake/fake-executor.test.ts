import { expect, test } from 'vitest';
import { executorContract } from '../executor.contract.ts';
import { createFakeExecutor } from './fake-executor.ts';
import { playScript } from './play-script.ts';

const fake = createFakeExecutor({ play: playScript });
const noProcess = 'it runs no processes';

executorContract(
  'the fake executor',
  () => ({
    executor: fake,
    image: 'any',
    workspaceInStep: null,
    countLeft: async () => fake.openSessions(),
  }),
  {
    shell: noProcess,
    'process tree': noProcess,
    'background process': noProcess,
    'background process ends': noProcess,
    'any bytes': noProcess,
    'out of memory': noProcess,
    'image pull': 'it has no images',
    'no network': noProcess,
    services: noProcess,
    'service failures': noProcess,
    user: noProcess,
    'user names': noProcess,
    'read-only root': noProcess,
    'process limit': noProcess,
    'few rights': noProcess,
    terminal: noProcess,
  },
);

test('a test plays the steps in the order in which they were started', async () => {
  const executor = createFakeExecutor();
  const first = executor.nextStep();
  const opened = await executor.openWorkspace(
    {
      image: null,
      workspace: '/w',
      filled: Promise.resolve(),
      scratch: '/s',
      labels: {},
      network: true,
      services: [],
      user: null,
      readOnlyRoot: false,
      resources: { cpu: null, memoryBytes: null, pids: null },
      timeoutMs: 600_000,
      pod: null,
      registryCredentials: [],
      onProgress: () => {},
    },
    new AbortController().signal,
  );
  if (opened.kind === 'failed') throw new Error(opened.message);
  const end = opened.session.runStep(
    { index: 0, try: 1, script: 'x', shell: 'sh', env: {}, graceMs: 0 },
    { write: () => {}, drained: async () => {} },
    new AbortController().signal,
  );
  (await first).exit(4);
  expect(await end).toEqual({ kind: 'exited', exitCode: 4, outOfMemory: false, outOfProcesses: false });
});
