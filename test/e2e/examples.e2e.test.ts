// Every example is run as it stands, but for the names of images and of the registry, which are this machine's.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const registry = process.env['REGISTRY'] ?? '';
let sluice: SluiceRig;

beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
});

test('every folder of examples/ is covered: those below, and hello by the first start', () => {
  const folders = readdirSync(examples).filter((name) => statSync(join(examples, name)).isDirectory());
  expect(folders.toSorted()).toEqual([
    'approval',
    'artifacts',
    'build-and-push',
    'fan-out',
    'hello',
    'hello-world',
    'inputs',
    'matrix',
    'reuse',
    'templates',
  ]);
});

test('templates counts twice by one template, with its inputs and outputs', async () => {
  const run = await pushed('templates');
  expect(new Set(Object.values(statuses(run)))).toEqual(new Set(['succeeded']));
  expect(await output(run, 'large.count')).toEqual(['after 3', '5']);
  expect(await output(run, 'report')).toEqual(['counted to 5']);
});

test('hello-world prints its line', async () => {
  const run = await pushed('hello-world');
  expect(statuses(run)).toEqual({ hello: 'succeeded' });
  expect(await output(run, 'hello')).toEqual(['hello, world']);
});

test('fan-out hands outputs on, decides by them, and gathers all branches', async () => {
  const run = await pushed('fan-out');
  expect(new Set(Object.values(statuses(run)))).toEqual(new Set(['succeeded']));
  expect(await output(run, 'unit')).toEqual(['testing version 1.4.2']);
  expect(await output(run, 'release-notes')).toEqual(['notes for fan-out']);
  expect(await output(run, 'report')).toEqual(['unit succeeded, integration succeeded']);
});

test('matrix runs every combination, also those of a list that a stage gave', async () => {
  const run = await pushed('matrix');
  expect(statuses(run)).toEqual(
    Object.fromEntries(
      [
        'test (20, slim)',
        'test (22, slim)',
        'test (22, full)',
        'test',
        'plan',
        'pack (eu)',
        'pack (us)',
        'pack',
        'report',
      ].map((id) => [id, 'succeeded']),
    ),
  );
  expect(await output(run, 'test (22, full)')).toEqual(['node 22, full --strict']);
  expect(await output(run, 'pack (us)')).toEqual(['packs for us']);
  expect(await output(run, 'report')).toEqual(['tested 20-slim, packed ["pack-eu","pack-us"]']);
});

test('artifacts hands files to later stages and to people', async () => {
  const run = await pushed('artifacts');
  expect(statuses(run)).toEqual({ build: 'succeeded', check: 'succeeded', summary: 'succeeded' });
  expect(await output(run, 'build')).toEqual(['tools made anew']);
  expect(await output(run, 'check')).toEqual(['made of hammer', 'read me']);
  expect(await output(run, 'summary')).toEqual(['nothing was taken']);
  const [artifact] = run.artifacts;
  expect(run.artifacts).toMatchObject([{ stage: 'build', fileCount: 2, isExpired: false }]);
  const listed = await sluice.api.call('GET', `/api/artifacts/${artifact?.id}/files`);
  expect(listed).toEqual({
    files: [
      { path: 'dist/app.txt', kind: 'file', bytes: 15 },
      { path: 'dist/docs/README', kind: 'file', bytes: 8 },
    ],
    total: 2,
  });
  expect(await download(`/api/artifacts/${artifact?.id}/files/dist/app.txt`)).toBe('made of hammer\n');
});

test('artifacts finds in its second run the cache of the first', async () => {
  const repository = await sluice.repository('cached');
  const first = await endedRun(sluice.api, await repository.push(filesOf('artifacts'), 'first'));
  const second = await endedRun(sluice.api, await repository.push({ 'more.txt': 'more' }, 'second'));
  expect(await output(first, 'build')).toEqual(['tools made anew']);
  expect(await output(second, 'build')).toEqual(['tools from the cache']);
});

test('reuse runs its stage once, until what it reads has changed', async () => {
  const repository = await sluice.repository('reuse');
  const first = await endedRun(sluice.api, await repository.push(filesOf('reuse'), 'first'));
  const second = await endedRun(sluice.api, await repository.push({ 'more.txt': 'more' }, 'second'));
  const third = await endedRun(sluice.api, await repository.push({ 'src/words.txt': 'hi\n' }, 'third'));
  const keptFrom = (run: RunView) => {
    const stage = run.state?.stages['count'];
    return stage !== undefined && 'kept' in stage ? stage.kept?.number : undefined;
  };
  expect([first, second, third].map(keptFrom)).toEqual([undefined, first.number, undefined]);
  expect(await output(second, 'tell')).toEqual(['there are 6 letters']);
  expect(await output(third, 'tell')).toEqual(['there are 3 letters']);
});

test('inputs takes its defaults on a push, and what a person filled in on a manual start', async () => {
  const byPush = await pushed('inputs');
  expect(await output(byPush, 'work')).toEqual(['level info, note none', 'round 1', 'round 2', 'round 3']);

  const { runId } = await sluice.api.call<{ runId: string }>('POST', '/api/runs', {
    repository: 'acme/inputs',
    branch: 'main',
    inputs: { level: 'info', rounds: 1, dry_run: true, note: 'by hand; $(touch /tmp/never)' },
  });
  const byHand = await ended(runId);
  expect(await output(byHand, 'work')).toEqual(['level info, note by hand; $(touch /tmp/never)', 'round 1']);
  expect(byHand.state?.stages['publish']).toMatchObject({
    status: 'skipped',
    reason: expect.stringContaining('dry_run'),
  });
});

test('a manual start with a wrong input is refused with what is allowed', async () => {
  const start = sluice.api.call('POST', '/api/runs', {
    repository: 'acme/inputs',
    branch: 'main',
    inputs: { level: 'loud' },
  });
  await expect(start).rejects.toThrow(/debug, info|"debug"/);
});

test('approval waits for a person, goes on, and tidies up', async () => {
  const repository = await sluice.repository('approval');
  const commit = await repository.push(filesOf('approval'), 'approval');
  const { id } = await runOf(sluice.api, commit);
  await eventually('the question', async () => {
    const run = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
    return run.status === 'awaiting-approval' ? run : null;
  });
  await sluice.api.call('POST', `/api/runs/${id}/stages/accept/vote`, {
    verdict: 'approved',
    reason: 'fine',
  });
  const run = await endedRun(sluice.api, commit);
  expect(new Set(Object.values(statuses(run)))).toEqual(new Set(['succeeded']));
  expect(await output(run, 'publish')).toEqual(['published after all checks passed']);
  expect(await output(run, 'tidy')).toEqual(['the approval succeeded']);
});

test.skipIf(registry === '')(
  'build-and-push does not pass a scan that could not look, unless the file allows it',
  async () => {
    const strict = await pushed('build-and-push');
    const scan = strict.state?.stages['scan'];
    // Where a vulnerability database can be reached the scan passes; where none can, it says so and does not.
    const outcome = scan?.status === 'failed' ? scan.failure.message : scan?.status;
    expect(outcome).toMatch(/no vulnerability data|^succeeded$/i);
    expect(statuses(strict)['push']).toBe(scan?.status === 'failed' ? 'skipped' : 'succeeded');

    const repository = await sluice.repository('build-and-push-offline');
    const files = filesOf('build-and-push');
    const pipeline = (files['.sluice.yml'] ?? '').replace(
      'fail_on: high',
      'fail_on: high\n      no_data: allow',
    );
    const run = await endedRun(
      sluice.api,
      await repository.push({ ...files, '.sluice.yml': pipeline }, 'offline'),
    );
    expect(statuses(run)).toEqual({ image: 'succeeded', scan: 'succeeded', push: 'succeeded' });
    const push = run.state?.stages['push'];
    const digest = push?.status === 'succeeded' ? push.outputs['digest'] : undefined;
    const manifest = await fetch(`http://${registry}/v2/sluice-e2e/site/manifests/${digest ?? 'none'}`, {
      headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
    });
    expect(manifest.status).toBe(200);
  },
);

test('a stage that asks for history and submodules has them, in a container too', async () => {
  const lib = await sluice.repository('lib');
  const app = await sluice.repository('app');
  const libCommit = lib.commit({ 'lib.txt': 'from the library\n' });
  const steps = ['cat vendor/lib.txt', 'cat .git/HEAD', 'wc -l <.git/shallow'];
  const commit = await app.push({
    vendor: { submodule: libCommit },
    '.gitmodules': '[submodule "lib"]\n\tpath = vendor\n\turl = ../lib.git\n',
    '.sluice.yml': `on: push\nstages:\n  look: { image: '${image}', checkout: { depth: 1, submodules: true }, steps: ${JSON.stringify(steps)} }\n`,
  });
  const run = await endedRun(sluice.api, commit);
  expect(statuses(run)).toEqual({ look: 'succeeded' });
  expect(await output(run, 'look')).toEqual(['from the library', commit, '1']);
});

async function pushed(example: string): Promise<RunView> {
  const repository = await sluice.repository(example);
  return endedRun(sluice.api, await repository.push(filesOf(example), example));
}

function ended(runId: string): Promise<RunView> {
  return eventually('the end of the run', async () => {
    const run = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
    return run.finishedAt === null ? null : run;
  });
}

async function download(path: string): Promise<string> {
  const { url, token } = sluice.api;
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  return answer.text();
}

function filesOf(example: string): Readonly<Record<string, string>> {
  const folder = join(examples, example);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(
    names.map((name) => [
      relative(folder, join(folder, name)),
      readFileSync(join(folder, name), 'utf8')
        .replaceAll('busybox:1', image)
        .replaceAll('registry.example.com/', `${registry}/sluice-e2e/`),
    ]),
  );
}

const statuses = (run: RunView): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(run.state?.stages ?? {}).map(([id, { status }]) => [id, status]));

/** What the stage's commands printed. */
async function output(run: RunView, stage: string): Promise<readonly string[]> {
  const attempt = run.attempts.find((each) => each.stage === stage);
  if (attempt === undefined)
    throw new Error(`${stage} did not run: ${JSON.stringify(run.state?.stages[stage])}`);
  const page = await sluice.api.call<LogPage>('GET', `/api/attempts/${attempt.id}/log?from=0&limit=1000`);
  return page.lines.filter((line) => line.stream !== 's').map((line) => line.text);
}
