import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { createCheckout } from './check-out.ts';
import type { CheckoutTarget } from './mirror.ts';

let root: string;
let origin: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-checkout-'));
  origin = join(root, 'origin');
  await mkdir(origin);
  git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => rm(root, { recursive: true, force: true }));

function git(...args: string[]): string {
  const as = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  return execFileSync('git', [...as, ...args], { cwd: origin, encoding: 'utf8' }).trim();
}

async function commitFile(name: string, text: string): Promise<string> {
  await writeFile(join(origin, name), text);
  git('add', '--all');
  git('commit', '--quiet', '--message', name);
  return git('rev-parse', 'HEAD');
}

const spec = (commit: string, change: Partial<CheckoutSpec> = {}): CheckoutSpec => ({
  repositoryId: 'r1',
  url: `file://${origin}`,
  commit,
  username: null,
  password: null,
  ...change,
});

async function target(name: string): Promise<CheckoutTarget & { said: string[] }> {
  const said: string[] = [];
  const [workspace, scratch] = [join(root, name, 'workspace'), join(root, name, 'scratch')];
  await mkdir(workspace, { recursive: true });
  await mkdir(scratch, { recursive: true });
  return { workspace, scratch, said, say: (line) => said.push(line) };
}

const never = new AbortController().signal;

test('the files of a commit are in the workspace, without a repository to spoil', async () => {
  const commit = await commitFile('a.txt', 'first');
  await commitFile('a.txt', 'second');
  const to = await target('one');
  expect(await createCheckout(join(root, 'mirrors')).checkOut(spec(commit), to, never)).toEqual({ ok: true });
  expect(await readFile(join(to.workspace, 'a.txt'), 'utf8')).toBe('first');
  expect(await readdir(to.workspace)).toEqual(['a.txt']);
});

test('a commit that the mirror has is not fetched again, and a new one is', async () => {
  const checkout = createCheckout(join(root, 'mirrors'));
  const [first, again, newer] = [await target('one'), await target('two'), await target('three')];
  const commit = await commitFile('a.txt', 'first');
  await checkout.checkOut(spec(commit), first, never);
  await checkout.checkOut(spec(commit), again, never);
  await checkout.checkOut(spec(await commitFile('b.txt', 'x')), newer, never);
  expect([first.said.length, again.said.length, newer.said.length]).toEqual([1, 0, 1]);
  expect(await readdir(newer.workspace)).toEqual(['a.txt', 'b.txt']);
});

test('several attempts may check out of one mirror at the same time', async () => {
  const checkout = createCheckout(join(root, 'mirrors'));
  const commit = await commitFile('a.txt', 'first');
  const targets = await Promise.all(['1', '2', '3', '4'].map(target));
  const results = await Promise.all(targets.map((to) => checkout.checkOut(spec(commit), to, never)));
  expect(results.every((result) => result.ok)).toBe(true);
});

test('a commit of no branch is asked for by its name', async () => {
  await commitFile('a.txt', 'first');
  git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  git('checkout', '--quiet', '--detach');
  const commit = await commitFile('b.txt', 'x');
  git('update-ref', 'refs/pull/1/head', commit);
  git('checkout', '--quiet', 'main');
  const to = await target('one');
  expect(await createCheckout(join(root, 'mirrors')).checkOut(spec(commit), to, never)).toEqual({ ok: true });
});

test('a link out of the repository stays a link', async () => {
  await symlink('/etc/passwd', join(origin, 'link'));
  const commit = await commitFile('a.txt', 'first');
  const to = await target('one');
  await createCheckout(join(root, 'mirrors')).checkOut(spec(commit), to, never);
  expect((await lstat(join(to.workspace, 'link'))).isSymbolicLink()).toBe(true);
});

test.each([
  ['a missing commit', { commit: 'f'.repeat(40) }, /is not in file:.*start a run of a newer commit/],
  [
    'an unreachable repository',
    { url: 'file:///does/not/exist' },
    /could not be fetched: .*Check its address/s,
  ],
  ['a command as address', { url: 'ext::sh -c touch% /tmp/x' }, /must begin with file:/],
  ['an option as address', { url: '--upload-pack=x' }, /must begin with file:/],
  ['an option as commit', { commit: '--all' }, /not the full name of a commit/],
  ['a path as id', { repositoryId: '../x' }, /cannot name a folder/],
])('%s is said in words', async (_what, change, message) => {
  await commitFile('a.txt', 'first');
  const result = await createCheckout(join(root, 'mirrors')).checkOut(
    spec('0'.repeat(40), change),
    await target('one'),
    never,
  );
  expect(result.ok ? '' : result.error).toMatch(message);
});

test('a password is not in the message of a failed fetch', async () => {
  const change = { url: 'https://user:hunter2x@127.0.0.1:1/x.git', username: 'u', password: 'hunter2y' };
  const result = await createCheckout(join(root, 'mirrors')).checkOut(
    spec('0'.repeat(40), change),
    await target('one'),
    never,
  );
  expect(result.ok ? '' : result.error).toMatch(/could not be fetched/);
  expect(JSON.stringify(result)).not.toMatch(/hunter2/);
});

/** Git in the workspace, as a step has it. */
const inside = (folder: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();

const withHistory = (depth: number) => ({ depth, submodules: 'none' }) as const;

test('with a depth, the workspace is a repository with so many commits, and nothing in it is changed', async () => {
  for (const name of ['a', 'b', 'c']) await commitFile(`${name}.txt`, name);
  git('tag', 'v1');
  const commit = await commitFile('d.txt', 'd');
  const to = await target('one');
  const checkout = createCheckout(join(root, 'mirrors'));
  expect(await checkout.checkOut(spec(commit), to, never, withHistory(2))).toEqual({ ok: true });
  expect(inside(to.workspace, 'log', '--format=%s')).toBe('d.txt\nc.txt');
  expect(inside(to.workspace, 'status', '--porcelain')).toBe('');
  expect(inside(to.workspace, 'rev-parse', 'HEAD')).toBe(commit);
  expect(inside(to.workspace, 'tag')).toBe('');
});

test('with depth 0, the workspace has all of the history, with branches and tags as they are now', async () => {
  await commitFile('a.txt', 'a');
  git('tag', 'v1');
  const commit = await commitFile('b.txt', 'b');
  const checkout = createCheckout(join(root, 'mirrors'));
  await checkout.checkOut(spec(commit), await target('before'), never);
  git('branch', 'later');
  const to = await target('one');
  expect(await checkout.checkOut(spec(commit), to, never, withHistory(0))).toEqual({ ok: true });
  expect(inside(to.workspace, 'describe', '--tags')).toMatch(/^v1-1-g/);
  expect(inside(to.workspace, 'branch', '--remotes').split(/\s+/)).toEqual(['origin/later', 'origin/main']);
});

test('what a step does to its history reaches no later run', async () => {
  await commitFile('a.txt', 'a');
  const commit = await commitFile('b.txt', 'b');
  const checkout = createCheckout(join(root, 'mirrors'));
  const [first, second] = [await target('one'), await target('two')];
  await checkout.checkOut(spec(commit), first, never, withHistory(0));
  const stats = await stat(join(first.workspace, '.git'));
  expect(stats.isDirectory()).toBe(true);
  const packs = await readdir(join(first.workspace, '.git', 'objects', 'pack')).catch(() => []);
  for (const name of packs) {
    const path = join(first.workspace, '.git', 'objects', 'pack', name);
    expect((await stat(path)).nlink).toBe(1);
  }
  await rm(join(first.workspace, '.git', 'objects'), { recursive: true });
  await checkout.checkOut(spec(commit), second, never, withHistory(0));
  expect(inside(second.workspace, 'log', '--format=%s')).toBe('b.txt\na.txt');
});

test('a commit of no branch has its history', async () => {
  await commitFile('a.txt', 'first');
  git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  git('checkout', '--quiet', '--detach');
  const commit = await commitFile('b.txt', 'x');
  git('update-ref', 'refs/pull/1/head', commit);
  git('checkout', '--quiet', 'main');
  const to = await target('one');
  const checkout = createCheckout(join(root, 'mirrors'));
  expect(await checkout.checkOut(spec(commit), to, never, withHistory(5))).toEqual({ ok: true });
  expect(inside(to.workspace, 'log', '--format=%s')).toBe('b.txt\na.txt');
});

const withModules = (submodules: 'direct' | 'recursive') => ({ depth: null, submodules }) as const;

/** A repository beside the origin; its commit. */
async function another(name: string, write: (git: (...args: string[]) => string) => void): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  const as = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'protocol.file.allow=always'];
  const run = (...args: string[]): string =>
    execFileSync('git', [...as, ...args], { cwd: folder, encoding: 'utf8' }).trim();
  run('init', '--quiet', '--initial-branch=main');
  await writeFile(join(folder, 'README'), name);
  run('add', '--all');
  write(run);
  run('commit', '--quiet', '--message', name);
  return run('rev-parse', 'HEAD');
}

async function addModule(path: string, url: string, commit: string): Promise<string> {
  const said = `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`;
  await writeFile(join(origin, '.gitmodules'), said);
  git('add', '.gitmodules');
  git('update-index', '--add', '--cacheinfo', `160000,${commit},${path}`);
  git('commit', '--quiet', '--message', 'a module');
  return git('rev-parse', 'HEAD');
}

test('submodules beside the repository are checked out at their commits, theirs when asked for', async () => {
  const inner = await another('inner', () => undefined);
  const lib = await another('lib', (run) => {
    execFileSync(
      'sh',
      ['-c', 'printf \'[submodule "x"]\\n\\tpath = deep/inner\\n\\turl = ../inner\\n\' > .gitmodules'],
      {
        cwd: join(root, 'lib'),
      },
    );
    run('add', '.gitmodules');
    run('update-index', '--add', '--cacheinfo', `160000,${inner},deep/inner`);
  });
  const commit = await addModule('vendor/lib', '../lib', lib);
  const checkout = createCheckout(join(root, 'mirrors'), { fileFolders: [root] });
  const [none, direct, deep] = [await target('none'), await target('direct'), await target('deep')];
  expect(await checkout.checkOut(spec(commit), none, never)).toEqual({ ok: true });
  expect(await readdir(join(none.workspace, 'vendor/lib'))).toEqual([]);
  expect(await checkout.checkOut(spec(commit), direct, never, withModules('direct'))).toEqual({ ok: true });
  expect(await readFile(join(direct.workspace, 'vendor/lib/README'), 'utf8')).toBe('lib');
  expect(await readdir(join(direct.workspace, 'vendor/lib/deep/inner'))).toEqual([]);
  expect(await checkout.checkOut(spec(commit), deep, never, withModules('recursive'))).toEqual({ ok: true });
  expect(await readFile(join(deep.workspace, 'vendor/lib/deep/inner/README'), 'utf8')).toBe('inner');
  const both = await target('both');
  await checkout.checkOut(spec(commit), both, never, { depth: 1, submodules: 'recursive' });
  expect(inside(both.workspace, 'status', '--porcelain')).toBe('');
});

test.each([
  ['a folder that the operator did not name', '../lib', /SLUICE_FILE_SUBMODULES/],
  ['another host', 'https://example.org/x.git', /"vendor" is on example\.org/],
])('a submodule in %s is refused, and nothing is fetched', async (_what, url, why) => {
  const commit = await addModule('vendor', url, await another('lib', () => undefined));
  const to = await target('one');
  const checkout = createCheckout(join(root, 'mirrors'));
  const result = await checkout.checkOut(spec(commit), to, never, withModules('direct'));
  expect(result.ok ? '' : result.error).toMatch(why);
  expect(await readdir(join(root, 'mirrors'))).toEqual(['r1.git']);
});

test('a tree that has a link where a submodule lies leads nowhere out of the workspace', async () => {
  await mkdir(join(root, 'outside'));
  const commit = await treeWithLink(await another('lib', () => undefined));
  const checkout = createCheckout(join(root, 'mirrors'), { fileFolders: [root] });
  await checkout.checkOut(spec(commit), await target('one'), never, withModules('direct'));
  expect(await readdir(join(root, 'outside'))).toEqual([]);
});

/** `link` is a link out of the workspace and, by another entry of the same tree, a folder with a submodule. */
async function treeWithLink(lib: string): Promise<string> {
  await writeFile(join(origin, '.gitmodules'), '[submodule "x"]\n\tpath = link/inside\n\turl = ../lib\n');
  git('add', '.gitmodules');
  const modules = git('rev-parse', ':.gitmodules');
  const hash = (text: string): string =>
    execFileSync('git', ['hash-object', '-w', '--stdin'], {
      cwd: origin,
      input: text,
      encoding: 'utf8',
    }).trim();
  const mktree = (text: string): string =>
    execFileSync('git', ['mktree', '--missing'], { cwd: origin, input: text, encoding: 'utf8' }).trim();
  const folder = mktree(`160000 commit ${lib}\tinside\n`);
  const tree = mktree(
    `100644 blob ${modules}\t.gitmodules\n120000 blob ${hash('../../outside')}\tlink\n40000 tree ${folder}\tlink\n`,
  );
  const commit = git('commit-tree', tree, '-m', 'two entries of one name');
  git('update-ref', 'refs/heads/main', commit);
  return commit;
}

test('a submodule without an address is named, with what to do', async () => {
  const lib = await another('lib', () => undefined);
  const commit = await addModule('vendor', '../lib', lib);
  git('rm', '--quiet', '--cached', '.gitmodules');
  git('commit', '--quiet', '--message', 'no addresses');
  expect(commit).not.toBe('');
  const result = await createCheckout(join(root, 'mirrors'), { fileFolders: [root] }).checkOut(
    spec(git('rev-parse', 'HEAD')),
    await target('one'),
    never,
    withModules('direct'),
  );
  expect(result.ok ? '' : result.error).toBe(
    '"vendor" is a submodule without an address. Add it to .gitmodules, or remove it: git rm --cached "vendor".',
  );
});
