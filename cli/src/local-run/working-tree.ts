// The files that a run begins with: those of a folder as they are, whether committed or not, without what Git ignores.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { err, ok, type Result } from '@sluice/pipelines/result';

export interface WorkingTree {
  /** `/` between the parts; files and links alone. */
  readonly paths: readonly string[];
  /** By whom the list was made. */
  readonly listedBy: 'git' | 'folder';
}

/** The error is a sentence for people. */
export async function listWorkingTree(folder: string): Promise<Result<WorkingTree, string>> {
  const listed = await git(folder, [
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
  ]);
  if (listed.ok) {
    const paths = listed.value.split('\0').filter((path) => path !== '' && !path.endsWith('/'));
    return ok({ paths, listedBy: 'git' });
  }
  if (!listed.error.isNoRepository)
    return err(`Git cannot list the files of ${folder}: ${listed.error.message}`);
  return ok({ paths: await walk(folder), listedBy: 'folder' });
}

/** Copies the files from one folder to another; what is gone meanwhile, or is no file, is left out. */
export async function copyFiles(from: string, to: string, paths: readonly string[]): Promise<void> {
  const made = new Set<string>();
  for (const path of paths) {
    const source = join(from, path);
    const found = await lstat(source).catch(() => null);
    if (found === null || !(found.isFile() || found.isSymbolicLink())) continue;
    const target = join(to, path);
    const folder = dirname(target);
    if (!made.has(folder)) await mkdir(folder, { recursive: true });
    made.add(folder);
    if (found.isSymbolicLink()) await symlink(await readlink(source), target);
    else await copyFile(source, target, constants.COPYFILE_FICLONE);
  }
}

async function walk(root: string): Promise<readonly string[]> {
  const paths: string[] = [];
  const open = [''];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) open.push(path);
      else paths.push(path);
    }
  }
  return paths.toSorted();
}

interface GitProblem {
  readonly isNoRepository: boolean;
  readonly message: string;
}

/** What Git says in a folder. Where there is no Git, there is no repository. */
export async function git(folder: string, words: readonly string[]): Promise<Result<string, GitProblem>> {
  try {
    const { stdout } = await promisify(execFile)('git', ['-C', folder, ...words], {
      maxBuffer: 256 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C' },
    });
    return ok(stdout);
  } catch (error) {
    const message = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return err({ isNoRepository: isMissing || /not a git repository/i.test(message), message });
  }
}
