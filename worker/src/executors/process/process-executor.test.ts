import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { executorContract } from '../executor.contract.ts';
import { createProcessExecutor } from './process-executor.ts';

const path = process.env['PATH'] ?? '/usr/bin:/bin';

executorContract(
  'the process executor',
  () => ({
    executor: createProcessExecutor({ isAllowed: true, path }),
    image: null,
    workspaceInStep: null,
    countLeft: async (labels) => await countProcessesIn(labels['sluice.test'] ?? ''),
  }),
  {
    'out of memory': 'it limits no memory',
    'background process ends': 'it ends them at the end of the session, or when a step is stopped',
    'image pull': 'it has no images',
    'no network': 'it refuses to run without network',
  },
);

/** Processes whose environment names the test's own folder (HOME is inside it). */
async function countProcessesIn(folder: string): Promise<number> {
  let count = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environ.includes(`${folder}/scratch/home`)) count += 1;
  }
  return count;
}

test.each([
  [{ isAllowed: false }, {}, /SLUICE_ALLOW_PROCESS_EXECUTOR=1/],
  [{ isAllowed: true }, { network: false }, /cut off from the network/],
  [{ isAllowed: true }, { resources: { cpu: 1, memoryBytes: null, pids: null } }, /cannot be limited/],
  [{ isAllowed: true }, { readOnlyRoot: true }, /read_only/],
])('what it may not or cannot do is refused in words', async (options, change, message) => {
  const opened = await createProcessExecutor({ path, ...options }).openWorkspace(
    {
      image: null,
      workspace: '/nowhere',
      filled: Promise.resolve(),
      scratch: '/nowhere',
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
      ...change,
    },
    new AbortController().signal,
  );
  expect(opened).toMatchObject({
    kind: 'failed',
    reason: 'refused',
    message: expect.stringMatching(message),
  });
});
