// Puts a commit's files into a workspace, by way of a bare mirror of the repository that the worker keeps. The
// workspace gets the files alone: a `.git` that shares objects with the mirror would let a step change what later
// runs check out.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SimpleGit } from 'simple-git';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { openGit } from './git-client.ts';
import { createLocks } from './locks.ts';

export interface Checkout {
  /**
   * The error is a sentence that says what to do: an unreachable repository, a missing commit. `say` gets a line
   * for what takes time. `scratch` holds git's index meanwhile.
   */
  readonly checkOut: (
    spec: CheckoutSpec,
    target: CheckoutTarget,
    signal: AbortSignal,
  ) => Promise<Result<void, string>>;
}

export interface CheckoutTarget {
  readonly workspace: string;
  readonly scratch: string;
  readonly say: (line: string) => void;
}

/** `mirrors`: folder of the bare repositories, one for each repository's id; used by one worker process only. */
export function createCheckout(mirrors: string): Checkout {
  const locks = createLocks();
  return {
    checkOut: async (spec, target, signal) => {
      const refusal = whyNot(spec);
      if (refusal !== null) return err(refusal);
      const mirror = join(mirrors, `${spec.repositoryId}.git`);
      // The usual case, in which the mirror has the commit already, takes this one process and no network.
      if (await writeFiles(mirror, spec, target, signal)) return ok(undefined);
      const fetched = await locks.hold(mirror, (hasWaited) =>
        provideCommit(mirror, spec, { say: target.say, mayBeThere: hasWaited }, signal),
      );
      if (!fetched.ok || (await writeFiles(mirror, spec, target, signal))) return fetched;
      return err(missing(spec));
    },
  };
}

function whyNot({ repositoryId, url, commit }: CheckoutSpec): string | null {
  if (!/^[\w-]{1,100}$/.test(repositoryId))
    return `The repository's id "${repositoryId}" cannot name a folder.`;
  if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(commit)) return `"${commit}" is not the full name of a commit.`;
  if (!/^(file|https|ssh):\/\/[^\s]+$/.test(url)) {
    return "The address of the repository must begin with file://, https:// or ssh://. Mend it in the repository's settings.";
  }
  return null;
}

async function provideCommit(
  mirror: string,
  spec: CheckoutSpec,
  { say, mayBeThere }: { readonly say: (line: string) => void; readonly mayBeThere: boolean },
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

const missing = ({ commit, url }: CheckoutSpec): string =>
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

/** False: the mirror does not have the commit, and the workspace is as before. */
async function writeFiles(
  mirror: string,
  spec: CheckoutSpec,
  { workspace, scratch }: CheckoutTarget,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await exists(join(mirror, 'HEAD')))) return false;
  const git = openGit(workspace, spec, signal, {
    GIT_DIR: mirror,
    GIT_WORK_TREE: workspace,
    GIT_INDEX_FILE: join(scratch, 'checkout-index'),
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

function withoutCredentials(text: string): string {
  return text.replaceAll(/:\/\/[^/@\s]+@/g, '://');
}
