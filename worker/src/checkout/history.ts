// A `.git` of the workspace's own. It is fetched from the mirror as from a stranger, so that no object is shared.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { openGit } from './git-client.ts';
import { withoutCredentials, writeFiles } from './mirror.ts';

export interface HistoryTarget {
  /** The files of the commit are in it. */
  readonly workspace: string;
  /** Commits; 0: all, with branches (as `origin/…`) and tags. */
  readonly depth: number;
  /** The files in the workspace stay, whether the commit has them or not. */
  readonly keepFiles?: boolean;
}

/** `mirror` has the commit. HEAD names it, on no branch, and `git status` finds nothing changed. */
export async function giveHistory(
  mirror: string,
  spec: CheckoutSpec,
  { workspace, depth, keepFiles = false }: HistoryTarget,
  signal: AbortSignal,
): Promise<void> {
  const git = openGit(workspace, spec, signal, {
    GIT_DIR: join(workspace, '.git'),
    GIT_WORK_TREE: workspace,
  });
  await git.raw(['init', '--quiet', '--template=', ...formatOf(spec)]);
  // Where people would look for it; without credentials, which no step gets.
  await git.raw(['config', 'remote.origin.url', withoutCredentials(spec.url)]);
  await git.raw(['config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*']);
  const wanted =
    depth === 0
      ? [spec.commit, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*']
      : [spec.commit];
  const much = depth === 0 ? [] : [`--depth=${depth}`, '--no-tags'];
  await git.raw([
    'fetch',
    '--quiet',
    '--no-write-fetch-head',
    ...much,
    '--',
    pathToFileURL(mirror).href,
    ...wanted,
  ]);
  await git.raw(['update-ref', '--no-deref', 'HEAD', spec.commit]);
  const repository = join(workspace, '.git');
  if (keepFiles) await git.raw(['read-tree', '--reset', spec.commit]);
  else await writeFiles({ repository, workspace, index: join(repository, 'index') }, spec, signal);
}

const formatOf = ({ commit }: CheckoutSpec): readonly string[] =>
  commit.length === 64 ? ['--object-format=sha256'] : [];
