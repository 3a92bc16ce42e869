import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { createCheckout, type CheckoutTarget } from './check-out.ts';

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
