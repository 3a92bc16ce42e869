import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findTemplate } from './find-template.ts';
import { addressBeside } from './git-templates.ts';

let root: string;
let commit: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-find-template-'));
  mkdirSync(join(root, 'org/templates/ci'), { recursive: true });
  mkdirSync(join(root, 'acme/shop'), { recursive: true });
  writeFileSync(join(root, 'org/templates/ci/t.yml'), 'inputs: {}\n');
  git('org/templates', 'init', '--quiet', '--initial-branch=main');
  git('org/templates', 'add', '--all');
  git('org/templates', 'commit', '--quiet', '--message', 'First');
  git('org/templates', 'tag', '--annotate', '--message=v1', 'v1');
  commit = git('org/templates', 'rev-parse', 'HEAD').trim();
  git('acme/shop', 'init', '--quiet');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a template is fetched from beside origin, at a tag, a branch or a commit', async () => {
  git('acme/shop', 'remote', 'add', 'origin', join(root, 'acme/shop'));
  const found = {
    kind: 'found',
    text: 'inputs: {}\n',
    repository: 'org/templates',
    path: 'ci/t.yml',
    commit,
  };
  expect(await ask('v1')).toEqual({ ...found, version: 'tag' });
  expect(await ask('main')).toEqual({ ...found, version: 'branch' });
  expect(await ask(commit)).toEqual({ ...found, version: 'commit' });
  expect(await ask('v9')).toEqual({
    kind: 'refused',
    why: 'names a version that org/templates does not have.',
  });
  expect(await ask('v1', 'org/templates/ci/none.yml')).toMatchObject({
    why: expect.stringContaining('is not there'),
  });
  expect(await ask('v1', 'org/none/ci/t.yml')).toMatchObject({
    why: expect.stringContaining('Name a checkout of it: --template org/none=../none.'),
  });
});

test('a folder that was named is read as it lies there', async () => {
  const read = findTemplate(join(root, 'org'), { 'org/templates': join(root, 'org/templates') });
  expect(await read({ kind: 'remote', address: 'org/templates/ci/t.yml', ref: 'v7' })).toMatchObject({
    kind: 'found',
    commit: null,
  });
});

test.each([
  ['git@github.com:acme/shop.git', 'git@github.com:org/templates.git'],
  ['https://git.example.com/group/acme/shop', 'https://git.example.com/group/org/templates'],
  ['/srv/git/acme/shop.git/', '/srv/git/org/templates.git/'],
  ['shop', null],
])('beside %s lies %s', (origin, beside) => {
  expect(addressBeside(origin, 'org/templates')).toBe(beside);
});

const ask = (ref: string, address = 'org/templates/ci/t.yml') =>
  findTemplate(join(root, 'acme/shop'), {})({ kind: 'remote', address, ref });

const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
    cwd: join(root, folder),
    encoding: 'utf8',
  });
