import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkOutHere } from './check-out-here.ts';
import { copyFiles, listWorkingTree } from './working-tree.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-here-'));
  for (const name of ['lib', 'app', 'workspace', 'scratch']) await mkdir(join(root, name));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function git(folder: string, ...args: string[]): string {
  const as = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'protocol.file.allow=always'];
  return execFileSync('git', [...as, ...args], { cwd: join(root, folder), encoding: 'utf8' }).trim();
}

const commitAll = (folder: string, message: string): void => {
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--message', message);
};

async function checkOut(wishes: { depth: number | null; submodules: 'none' | 'direct' }): Promise<string> {
  const app = join(root, 'app');
  const tree = await listWorkingTree(app);
  if (!tree.ok) throw new Error(tree.error);
  const snapshot = join(root, 'snapshot');
  await copyFiles(app, snapshot, tree.value.paths);
  const commit = git('app', 'rev-parse', '--quiet', 'HEAD');
  const spec = { repositoryId: 'local', url: '', commit, username: null, password: null };
  const target = { workspace: join(root, 'workspace'), scratch: join(root, 'scratch'), say: () => undefined };
  const here = checkOutHere({ root: app, paths: tree.value.paths, snapshot });
  const result = await here.checkOut(spec, target, new AbortController().signal, wishes);
  return result.ok ? 'done' : result.error;
}

async function repositories(): Promise<void> {
  for (const folder of ['lib', 'app']) {
    git(folder, 'init', '--quiet', '--initial-branch=main');
    await writeFile(join(root, folder, 'README'), folder);
    commitAll(folder, 'first');
  }
  git('app', 'submodule', '--quiet', 'add', '../lib', 'vendor/lib');
  commitAll('app', 'with lib');
}

test('history and submodules are those of the folder, and what is not committed stands there as a change', async () => {
  await repositories();
  await writeFile(join(root, 'app/README'), 'changed');
  expect(await checkOut({ depth: 1, submodules: 'direct' })).toBe('done');
  expect(git('workspace', 'log', '--format=%s')).toBe('with lib');
  expect(git('workspace', 'status', '--porcelain')).toBe('M README');
  expect(await readFile(join(root, 'workspace/vendor/lib/README'), 'utf8')).toBe('lib');
});

test('a submodule that is not checked out here is said with the command that mends it', async () => {
  await repositories();
  git('app', 'submodule', '--quiet', 'deinit', '--force', '--all');
  expect(await checkOut({ depth: null, submodules: 'direct' })).toBe(
    'Submodule "vendor/lib" is not checked out here: git submodule update --init --recursive.',
  );
});
