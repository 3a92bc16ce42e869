// A bare mirror of a repository that the worker keeps: commits come into it, files and histories out of it.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SimpleGit } from 'simple-git';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { openGit } from './git-client.ts';

export interface CheckoutTarget {
  readonly workspace: string;
  readonly scratch: string;
  readonly say: (line: string) => void;
}

export interface ProvideOptions {
  readonly say: (line: string) => void;
  /** Somebody else may have fetched it meanwhile. */
  readonly mayBeThere: boolean;
}

/** Fetches the commit into the mirror. The error is a sentence that says what to do. */
export async function provideCommit(
  mirror: string,
  spec: CheckoutSpec,
  { say, mayBeThere }: ProvideOptions,
  signal: AbortSignal,
): Promise<Result<void, string>> {
  await mkdir(mirror, { recursive: true });
  const git = openGit(mirror, spec, signal);
  if (!(await exists(join(mirror, 'HEAD')))) await git.raw(['init', '--quiet', '--bare']);
  else if (mayBeThere && (await hasCommit(git, spec.commit))) return ok(undefined);
  say(`fetching ${withoutCredentials(spec.url)}`);
  const branches = await fetchInto(git, spec, ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
  if (branches !== null) return err(branches);
  if (await hasCommit(git, spec.commit)) return ok(undefined);
  await fetchInto(git, spec, [`+${spec.commit}:refs/sluice/${spec.commit}`]);
  signal.throwIfAborted();
  return (await hasCommit(git, spec.commit)) ? ok(undefined) : err(missing(spec));
}

export const missing = ({ commit, url }: CheckoutSpec): string =>
  `Commit ${commit} is not in ${withoutCredentials(url)}. It may have been removed by a forced push: start a run of a newer commit.`;

/** Null, or why not. */
async function fetchInto(
  git: SimpleGit,
  spec: CheckoutSpec,
  refspecs: readonly string[],
): Promise<string | null> {
  try {
    await git.raw(['fetch', '--quiet', '--no-write-fetch-head', '--prune', '--', spec.url, ...refspecs]);
    return null;
  } catch (error) {
    const why = withoutCredentials(error instanceof Error ? error.message.trim() : String(error));
    return `The repository ${withoutCredentials(spec.url)} could not be fetched: ${why}. Check its address, its credentials, and that this worker reaches it.`;
  }
}

async function hasCommit(git: SimpleGit, commit: string): Promise<boolean> {
  const type = await git.raw(['cat-file', '-t', commit]).catch(() => '');
  return type.trim() === 'commit';
}

export interface FilesPlace {
  /** The repository that has the commit. */
  readonly repository: string;
  readonly workspace: string;
  readonly index: string;
}

/** False: the repository does not have the commit, and the workspace is as before. */
export async function writeFiles(
  { repository, workspace, index }: FilesPlace,
  spec: CheckoutSpec,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await exists(join(repository, 'HEAD')))) return false;
  const git = openGit(workspace, spec, signal, {
    GIT_DIR: repository,
    GIT_WORK_TREE: workspace,
    GIT_INDEX_FILE: index,
  });
  try {
    await git.raw(['read-tree', '--reset', '-u', `${spec.commit}^{commit}`]);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && /not a valid object name/i.test(error.message)) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

export function withoutCredentials(text: string): string {
  return text.replaceAll(/:\/\/[^/@\s]+@/g, '://');
}
