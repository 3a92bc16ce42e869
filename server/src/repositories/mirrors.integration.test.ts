import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nothingFound } from '@sluice/pipelines/language/join-files';
import { openMirrors, type Mirrors, type RepositoryToRead } from './mirrors.ts';

let root: string;
let mirrors: Mirrors;
let repository: RepositoryToRead;
const work = () => path.join(root, 'work');

beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'sluice-mirrors-'));
  git(root, 'init', '--quiet', '--initial-branch=main', 'work');
  mirrors = openMirrors(path.join(root, 'mirrors'), { fileFolders: [root], privateHosts: [] }, () =>
    Promise.resolve(null),
  );
  repository = {
    id: 'r1',
    fullName: 'acme/shop',
    cloneUrl: pathToFileURL(work()).href,
    credentials: null,
  };
});
afterAll(async () => {
  await mirrors.close();
  rmSync(root, { recursive: true, force: true });
});

test('the pipeline file is read at the very commit, not at the branch head', async () => {
  const first = commit('name: first\n', 'First');
  const second = commit('name: second\n', 'Second: with a\n\nlonger message');
  expect(await mirrors.readPipelines(repository, first)).toEqual({
    ok: true,
    value: [{ file: '.sluice.yml', text: 'name: first\n', found: nothingFound }],
  });
  expect(await mirrors.resolveBranch(repository, 'main')).toEqual({
    ok: true,
    value: { sha: second, author: 'Ada', message: 'Second: with a\n\nlonger message' },
  });
});

test('a commit is found by the beginning of its name, when it lies on the branch', async () => {
  const old = commit('name: old\n', 'Old');
  commit('name: new\n', 'New');
  expect(await mirrors.resolveCommit(repository, 'main', old.slice(0, 8))).toMatchObject({
    value: { sha: old, message: 'Old' },
  });
  git(work(), 'checkout', '--quiet', '-b', 'side');
  const elsewhere = commit('name: side\n', 'Side');
  git(work(), 'checkout', '--quiet', 'main');
  expect(await mirrors.resolveCommit(repository, 'main', elsewhere)).toMatchObject({
    ok: false,
    error: { reason: 'commit-missing', message: expect.stringContaining('on branch "main"') },
  });
});

test('a commit without a pipeline file has none, and that is no error', async () => {
  unlinkSync(path.join(work(), '.sluice.yml'));
  const bare = commit(null, 'Without');
  expect(await mirrors.readPipelines(repository, bare)).toEqual({ ok: true, value: [] });
});

test('a pipeline file that is a link out of the repository is not followed', async () => {
  rmSync(path.join(work(), '.sluice.yml'), { force: true });
  symlinkSync('/etc/passwd', path.join(work(), '.sluice.yml'));
  const linked = commit(null, 'Linked');
  unlinkSync(path.join(work(), '.sluice.yml'));
  expect(await mirrors.readPipelines(repository, linked)).toMatchObject({
    ok: false,
    error: { reason: 'pipeline-file-unusable', message: expect.stringContaining('symbolic link') },
  });
});

test('a pipeline file above 1 MiB is not read', async () => {
  const big = commit(`# ${'x'.repeat(1_100_000)}\n`, 'Big');
  expect(await mirrors.readPipelines(repository, big)).toMatchObject({
    error: { reason: 'pipeline-file-unusable', message: expect.stringContaining('1 MiB') },
  });
});

describe('what is not there is said so', () => {
  test('a branch', async () => {
    expect(await mirrors.resolveBranch(repository, 'nowhere')).toMatchObject({
      error: { reason: 'branch-missing', isTemporary: false },
    });
  });
  test('a commit', async () => {
    expect(await mirrors.readPipelines(repository, 'd'.repeat(40))).toMatchObject({
      error: { reason: 'commit-missing' },
    });
  });
  test('a repository', async () => {
    const folder = mkdtempSync(path.join(root, 'empty-'));
    const missing = { ...repository, id: 'r2', cloneUrl: pathToFileURL(folder).href };
    expect(await mirrors.resolveBranch(missing, 'main')).toMatchObject({
      error: { reason: 'repository-missing' },
    });
  });
  test('a host', async () => {
    const away = { ...repository, id: 'r3', cloneUrl: 'https://127.0.0.1:9/acme/shop.git' };
    const reckless = openMirrors(
      path.join(root, 'm2'),
      { fileFolders: [], privateHosts: ['127.0.0.1'] },
      () => Promise.resolve(null),
    );
    expect(await reckless.resolveBranch(away, 'main')).toMatchObject({
      error: { reason: 'repository-unreachable', isTemporary: true },
    });
  });
});

test.each([
  '--upload-pack=touch /tmp/x',
  '-x',
  '../../etc',
  'a b',
  'main~1',
  'HEAD:secret',
  'a..b',
  '@{-1}',
  '',
])('the branch name %j is refused before Git sees it', async (name) => {
  expect(await mirrors.resolveBranch(repository, name)).toMatchObject({ error: { reason: 'bad-ref' } });
});

test.each(['--help', 'HEAD', 'main', 'a'.repeat(39), 'A'.repeat(40)])(
  'the commit name %j is refused before Git sees it',
  async (name) => {
    expect(await mirrors.readPipelines(repository, name)).toMatchObject({ error: { reason: 'bad-ref' } });
  },
);

test('a commit gives all of its pipelines with what they include, and no file of another place', async () => {
  mkdirSync(path.join(work(), '.sluice'), { recursive: true });
  mkdirSync(path.join(work(), 'ci'), { recursive: true });
  writeFileSync(path.join(work(), '.sluice', 'b.yml'), 'include: [../ci/*.yml, ../link.yml]\n');
  writeFileSync(path.join(work(), 'ci', 'x.yml'), 'stages: {}\n');
  symlinkSync('/etc/passwd', path.join(work(), 'link.yml'));
  const several = commit('name: several\n', 'Several');
  for (const folder of ['.sluice', 'ci', 'link.yml']) rmSync(path.join(work(), folder), { recursive: true });
  const read = await mirrors.readPipelines(repository, several);
  expect(read.ok && read.value.map(({ file }) => file)).toEqual(['.sluice.yml', '.sluice/b.yml']);
  expect(read.ok && read.value[1]?.found.includes).toEqual(
    new Map([
      ['ci/*.yml', { kind: 'found', files: [{ file: 'ci/x.yml', text: 'stages: {}\n' }] }],
      ['link.yml', { kind: 'refused', why: expect.stringContaining('a symbolic link') }],
    ]),
  );
});

test('many readers of one repository at once all get their commit', async () => {
  const commits = Array.from({ length: 5 }, (_, index) => commit(`name: c${index}\n`, `C${index}`));
  const fresh = { ...repository, id: 'r4' };
  const files = await Promise.all(commits.map((sha) => mirrors.readPipelines(fresh, sha)));
  expect(files.map((file) => file.ok && file.value[0]?.text)).toEqual(
    commits.map((_, index) => `name: c${index}\n`),
  );
});

test('a repository whose folder Git would read as two is fetched instead of looked into', async () => {
  const sha = commit('name: fetched\n', 'Fetched');
  const odd = path.join(root, 'a:b');
  git(root, 'clone', '--quiet', '--bare', work(), odd);
  const repositoryThere = { ...repository, id: 'r5', cloneUrl: pathToFileURL(odd).href };
  expect(await mirrors.readPipelines(repositoryThere, sha)).toMatchObject({
    value: [{ text: 'name: fetched\n' }],
  });
});

test('closing ends a Git that waits for a silent host; who asks afterwards is told at once', async () => {
  const silent = createServer();
  const isCalled = new Promise((resolve) => silent.once('connection', resolve));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const away = { ...repository, id: 'r6', cloneUrl: `https://127.0.0.1:${address.port}/acme/shop.git` };
  const ending = openMirrors(
    path.join(root, 'm3'),
    { fileFolders: [root], privateHosts: ['127.0.0.1'] },
    () => Promise.resolve(null),
  );
  const asked = ending.resolveBranch(away, 'main');
  await isCalled;
  await ending.close();
  expect(await asked).toMatchObject({ error: { reason: 'server-ends', isTemporary: true } });
  expect(await ending.resolveBranch(repository, 'main')).toMatchObject({ error: { reason: 'server-ends' } });
  silent.close();
});

function commit(pipeline: string | null, message: string): string {
  if (pipeline !== null) writeFileSync(path.join(work(), '.sluice.yml'), pipeline);
  git(work(), 'add', '--all');
  git(
    work(),
    '-c',
    'user.name=Ada',
    '-c',
    'user.email=ada@example.com',
    'commit',
    '--quiet',
    '--allow-empty',
    '-m',
    message,
  );
  return git(work(), 'rev-parse', 'HEAD').trim();
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' });
}
