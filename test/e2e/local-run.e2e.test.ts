// `sluice run` as a person starts it: a process of its own, a real engine, and nothing left of it afterwards.
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { localTree, placeOfFile } from '../../cli/src/local-files.ts';
import { runCommand } from '../../cli/src/local-run/run-command.ts';
import type { RunFlags } from '../../cli/src/local-run/read-options.ts';
import { connectDocker } from '@sluice/worker/executors/docker/docker-connection';
import { eventually } from '../rig/sluice.ts';

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const docker = connectDocker(process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock');
const home = mkdtempSync(join(tmpdir(), 'sluice-local-'));
const [temporary, cache] = [join(home, 'tmp'), join(home, 'cache')];
let folder: string;

beforeAll(() => {
  mkdirSync(temporary);
  vi.stubEnv('TMPDIR', temporary);
});
beforeEach(() => {
  folder = mkdtempSync(join(home, 'project-'));
});
afterEach(async () => {
  expect(await leftOnEngine()).toEqual([]);
  expect(readdirSync(temporary).filter((name) => name.startsWith('sluice-'))).toEqual([]);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

test('a pipeline runs to its end: outputs, artifacts, a matrix, conditions, a secret that is masked', async () => {
  pipeline(
    `
name: all
on: push
stages:
  prepare:
    image: ${image}
    env: { TOKEN: { secret: npm-token } }
    steps:
      - echo "[20, 22]" >LIST; echo "token $TOKEN"; echo "\${TOKEN%6789}"; echo "6789"
      - mkdir dist; echo built >dist/app; touch mine
    outputs: { list: { file: LIST } }
    artifacts: { paths: [dist/**] }
  test:
    needs: [prepare]
    image: ${image}
    matrix: { node: '\${{ stages.prepare.outputs.list }}' }
    steps: ['echo "node \${{ matrix.node }} with $(cat dist/app)"']
  flaky:
    image: ${image}
    allow_failure: true
    retry: { attempts: 2, delay: 1s, on: ['exit:75'] }
    steps: [exit 75]
  ship:
    needs: [test]
    push: { of: image, to: registry.example.com/x, tags: [a] }
  image: { build: { file: Dockerfile } }
  after: { needs: [ship], image: ${image}, steps: [echo never] }
  always: { needs: [ship], if: always(), image: ${image}, steps: ['echo "ship: \${{ stages.ship.status }}"'] }
`.replace('needs: [test]\n    push', 'needs: [test, image]\n    push'),
  );
  writeFileSync(join(folder, 'Dockerfile'), `FROM ${image}\n`);
  const { code, output } = await run({ secret: ['npm-token=s3same123456789'] });
  expect(output).not.toContain('s3same123456789');
  expect(output).toMatch(/prepare +\| token \*\*\*/);
  expect(output).toContain('test (20) | node 20 with built');
  expect(output).toContain('test (22) | node 22 with built');
  expect(output).toMatch(/flaky +\| ↻ retrying: again in/);
  expect(output).toMatch(/flaky +\| ✖ failed .*allowed to fail/);
  expect(output).toMatch(/ship +\| - skipped: a push is not run here: it needs a server/);
  expect(output).toMatch(/after +\| - skipped: needs ship, which was skipped/);
  expect(output).toMatch(/always +\| ship: skipped/);
  expect(code).toBe(0);
  expect(readdirSync(folder).toSorted()).toEqual(['.sluice.yml', 'Dockerfile']);
});

test('a run from a stage on keeps what the run before gave, and one stage comes with its needs', async () => {
  pipeline(`
on: push
stages:
  make:
    image: ${image}
    steps: [mkdir out; echo 42 >out/it; echo five >NAME]
    outputs: { name: { file: NAME } }
    artifacts: { paths: [out/**] }
  use: { needs: [make], image: ${image}, steps: ['echo "\${{ stages.make.outputs.name }} $(cat out/it)"'] }
  other: { image: ${image}, steps: [exit 1] }
`);
  const never = await run({ from: 'use' });
  expect(never.code).toBe(2);
  expect(never.output).toContain('stands on "make", which has not succeeded here before');
  const first = await run({ stage: ['use'] });
  expect(first).toMatchObject({ code: 0 });
  const second = await run({ from: 'use', json: true });
  const events = second.output
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(events.filter((event) => kindOf(event) === 'stage-claimed')).toMatchObject([{ stage: 'use' }]);
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'log', lines: [[expect.any(Number), 'o', 'five 42']] }),
  );
  expect(events.at(-1)).toMatchObject({ kind: 'run-finished', status: 'succeeded' });
});

test('a failing stage ends the run with 1 and says where its whole log is', async () => {
  pipeline(`on: push\nstages:\n  test: { image: '${image}', steps: [echo about to fail, exit 7] }\n`);
  const { code, output } = await run({});
  expect(code).toBe(1);
  const path = /the whole log of test: (\S+)/.exec(output)?.[1] ?? '';
  expect(readFileSync(path, 'utf8')).toContain('about to fail\n');
});

test('what is to be mended before anything runs ends with 2 and says what to do', async () => {
  expect(await run({})).toMatchObject({
    code: 2,
    output: expect.stringContaining('.sluice.yml is not there'),
  });
  pipeline(`on: push\nstages:\n  test: { steps: [echo hi] }\n`);
  expect(await run({})).toMatchObject({
    code: 2,
    output: expect.stringContaining('--executor docker,process'),
  });
  expect(await run({ stage: ['tset'] })).toMatchObject({
    code: 2,
    output: expect.stringContaining('Did you mean "test"?'),
  });
  pipeline(`on: push\nstages:\n  test: { image: x, env: { A: { secret: key } }, steps: [echo hi] }\n`);
  expect(await run({})).toMatchObject({ code: 1, output: expect.stringContaining('--secret key') });
  expect(await run({}, { DOCKER_HOST: 'unix:///nowhere.sock' })).toMatchObject({
    code: 2,
    output: expect.stringContaining('Docker does not answer at unix:///nowhere.sock'),
  });
});

test('steps run on the machine itself where that is allowed, in a copy or in the folder', async () => {
  pipeline(`on: push\nstages:\n  test: { steps: ['cat input; echo made >output'] }\n`);
  writeFileSync(join(folder, 'input'), 'as it is\n');
  const copied = await run({ executor: 'process' });
  expect(copied).toMatchObject({ code: 0, output: expect.stringContaining('test | as it is') });
  expect(readdirSync(folder)).not.toContain('output');
  expect(await run({ executor: 'process', inPlace: true })).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'output'), 'utf8')).toBe('made\n');
});

test('Ctrl-C ends the steps, lets what cleans up run, and ends with 130', async () => {
  pipeline(`
on: push
stages:
  slow:
    image: ${image}
    services: { db: { image: '${image}', command: [sleep, '300'] } }
    steps:
      - echo begun; sleep 300
      - { name: tidy, if: always(), run: echo tidied }
  next: { needs: [slow], image: ${image}, steps: [echo never] }
`);
  const started = start();
  await eventually('the step', () => (started.output().includes('slow | begun') ? true : null));
  started.child.kill('SIGINT');
  expect(await started.ended).toBe(130);
  expect(started.output()).toContain('slow | tidied');
  expect(started.output()).toMatch(/next \| ■ cancelled/);
});

test('Ctrl-C twice waits for no clean-up', async () => {
  pipeline(`
on: push
stages:
  slow:
    image: ${image}
    steps:
      - echo begun; trap '' TERM; sleep 300
      - { name: tidy, if: always(), run: sleep 300 }
`);
  const started = start();
  await eventually('the step', () => (started.output().includes('slow | begun') ? true : null));
  started.child.kill('SIGINT');
  await eventually('the first answer', () => (started.output().includes('Once more') ? true : null));
  await sleep(600); // sooner it would be the same key
  started.child.kill('SIGINT');
  expect(await started.ended).toBe(130);
});

test('what a killed run left is removed by the next one', async () => {
  pipeline(`on: push\nstages:\n  slow: { image: '${image}', steps: [echo begun; sleep 300] }\n`);
  const started = start();
  await eventually('the step', () => (started.output().includes('slow | begun') ? true : null));
  started.child.kill('SIGKILL');
  await started.ended;
  expect(await leftOnEngine()).toHaveLength(1);
  pipeline(`on: push\nstages:\n  quick: { image: '${image}', steps: [echo hi] }\n`);
  expect(await run({})).toMatchObject({ code: 0 });
});

test.each([
  ['hello-world', {}, 'hello | hello, world'],
  ['fan-out', { branch: 'main' }, 'unit succeeded, integration succeeded'],
  ['matrix', {}, 'tested 20-slim, packed ["pack-eu","pack-us"]'],
  ['artifacts', {}, 'made of hammer'],
  ['reuse', {}, 'there are 6 letters'],
  ['inputs', { input: ['rounds=1', 'note=by hand'] }, 'level info, note by hand'],
  ['approval', { branch: 'main' }, 'the approval skipped'],
  ['templates', {}, 'counted to 5'],
] as const)('the example %s runs here too', async (name, flags, expected) => {
  cpSync(join(examples, name), folder, { recursive: true });
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of names.filter((each) => each.endsWith('.yml')).map((each) => join(folder, each))) {
    const text = readFileSync(file, 'utf8').replaceAll('busybox:1', image);
    chmodSync(file, 0o644);
    writeFileSync(file, text);
  }
  const { code, output } = await run(flags);
  expect(output).toContain(expected);
  expect(code).toBe(0);
});

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

/** `sluice run` as a process of its own, to be killed. */
function start(): Started {
  const child = spawn(process.execPath, [bin, 'run'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', XDG_CACHE_HOME: cache },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | null>((done) => child.once('close', done));
  return { child, output: () => output, ended };
}

/** The same command in this process: starting another one takes longer than most runs. */
async function run(
  flags: Partial<RunFlags>,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly output: string }> {
  let output = '';
  const write = (text: string): void => void (output += text);
  const code = await runCommand(
    undefined,
    { keep: false, inPlace: false, json: false, plain: true, ...flags },
    {
      readFile: (path) => readFile(resolve(folder, path), 'utf8'),
      placeOf: (path) => placeOfFile(resolve(folder, path)),
      tree: (root) => localTree(resolve(folder, root)),
      template: () => () => Promise.resolve(null),
      write,
      say: write,
      colour: false,
      input: process.stdin,
      output: process.stdout,
      cwd: folder,
      env: { ...process.env, XDG_CACHE_HOME: cache, ...environment },
    },
  );
  return { code, output };
}

function pipeline(text: string): void {
  writeFileSync(join(folder, '.sluice.yml'), text);
}

/** Containers, networks, volumes and images of runs without a server. */
async function leftOnEngine(): Promise<readonly string[]> {
  const filters = { label: ['sluice=local'] };
  const [containers, networks, volumes, images] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters: JSON.stringify(filters) }),
    docker.listImages({ filters: JSON.stringify(filters) }),
  ]);
  return [
    ...containers.map(({ Id }) => Id),
    ...networks.map(({ Id }) => Id),
    ...(volumes.Volumes ?? []).map(({ Name }) => Name),
    ...images.map(({ Id }) => Id),
  ];
}

const kindOf = (event: unknown): unknown =>
  typeof event === 'object' && event !== null && 'kind' in event ? event.kind : null;
