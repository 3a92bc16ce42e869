// Steps that misbehave, in a whole Sluice: each ends with the right class and a message that says what to do, its log
// is proven complete, and nothing of it is left.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { processesIn } from '../crash/verify-run.ts';
import { endedRun, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const registry = process.env['REGISTRY'] ?? '127.0.0.1:5000';
let sluice: SluiceRig;

beforeAll(async () => {
  sluice = await startSluice({ environment: { SLUICE_STEP_LOG_LIMIT_MB: '1' } });
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
});

interface Fault {
  readonly name: string;
  readonly stage: string;
  readonly class: string;
  readonly message: RegExp;
  /** Stands in the log. */
  readonly line: RegExp;
}

const inContainer = (step: string, more = ''): string =>
  `    image: ${image}\n${more}    steps:\n      - name: bad\n${step}`;
const onHost = (step: string): string => `    steps:\n      - name: bad\n${step}`;

const endless = '        run: while :; do echo a line that is printed again and again; done\n';
const deaf = "        timeout: 2s\n        run: trap '' TERM; echo deaf; while :; do sleep 0.2; done\n";
const tooLong = {
  class: 'failed',
  message: /"bad" was ended because it printed more than 1\.0 MB.*SLUICE_STEP_LOG_LIMIT_MB/,
  line: /^a line that is printed again and again$/,
};
const ignoresStop = {
  class: 'timeout',
  message: /"bad" was stopped after 2 s, the time allowed\. Make it faster, or raise its "timeout"/,
  line: /^deaf$/,
};

const faults: readonly Fault[] = [
  { name: 'prints without end', stage: inContainer(endless), ...tooLong },
  { name: 'prints without end on the host', stage: onHost(endless), ...tooLong },
  { name: 'ignores SIGTERM', stage: inContainer(deaf), ...ignoresStop },
  { name: 'ignores SIGTERM on the host', stage: onHost(deaf), ...ignoresStop },
  {
    name: 'forks without end',
    stage: inContainer(
      '        run: f() { f & f; }; echo begun; f\n',
      '    resources: { pids: 32 }\n    timeout: 1m\n',
    ),
    class: 'failed',
    message: /too many at the same time\. Make it start fewer, or give the stage more \("resources\.pids"\)/,
    line: /^begun$/,
  },
  {
    name: 'has no image',
    stage: `    image: ${registry}/no-such-image:1\n    steps: [echo never]\n`,
    class: 'image-pull',
    message: /no-such-image:1/,
    line: /no-such-image:1/,
  },
  {
    name: 'fills its own disk',
    stage: inContainer('        run: dd if=/dev/zero of=/dev/shm/all bs=1M\n'),
    class: 'failed',
    message: /"bad" ended with exit code 1/,
    line: /No space left on device/,
  },
];

test.each(faults)('a step that $name', async (fault) => {
  const repository = await sluice.repository(fault.name.replaceAll(' ', '-').toLowerCase(), {
    trusted: true,
  });
  const text = `name: bad\non: { push: {} }\nstages:\n  only:\n${fault.stage}`;
  const run = await endedRun(sluice.api, await repository.push({ '.sluice.yml': text }));
  expect(run.status).toBe('failed');
  expect(run.state?.stages['only']).toMatchObject({
    failure: { class: fault.class, message: expect.stringMatching(fault.message) },
  });
  expect(run.attempts).toHaveLength(1);
  expect(run.attempts[0]?.log).toMatchObject({ verified: true });
  expect(await linesOf(run)).toContainEqual(expect.stringMatching(fault.line));
  await expect.poll(() => leftOf(run.id)).toEqual([]);
});

async function linesOf(run: RunView): Promise<readonly string[]> {
  const path = `/api/attempts/${run.attempts[0]?.id ?? ''}/log?from=0&limit=1000`;
  return (await sluice.api.call<LogPage>('GET', path)).lines.map((line) => line.text);
}

function leftOf(runId: string): readonly string[] {
  const label = `label=sluice.run=${runId}`;
  const docker = (...args: string[]) =>
    execFileSync('docker', [...args, '--quiet', '--filter', label], { encoding: 'utf8' });
  const engine = docker('ps', '--all') + docker('network', 'ls') + docker('volume', 'ls');
  const attempts = join(sluice.dataDir, 'worker', 'attempts');
  return [
    ...engine.split('\n').filter((id) => id !== ''),
    ...readdirSync(join(sluice.dataDir, 'worker', 'spools')),
    ...readdirSync(attempts),
    ...processesIn(attempts),
  ];
}
