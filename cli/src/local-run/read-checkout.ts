// What a checkout says of itself: it stands at the place of a forge's words.
import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { noFacts, type TriggerFacts } from '../choose-trigger.ts';
import { git } from './working-tree.ts';

export interface CheckoutFacts extends TriggerFacts {
  /** Null: no branch is checked out, or there is no repository. */
  readonly branch: string | null;
}

export async function readCheckout(folder: string): Promise<CheckoutFacts> {
  const [branch, commit, remote] = await Promise.all([
    git(folder, ['symbolic-ref', '--quiet', '--short', 'HEAD']),
    git(folder, ['log', '-1', '--format=%H%n%an%n%B']),
    git(folder, ['remote', 'get-url', 'origin']),
  ]);
  const [sha = '', author = '', ...message] = commit.ok ? commit.value.trim().split('\n') : [];
  return {
    branch: branch.ok ? branch.value.trim() : null,
    repository: (remote.ok ? repositoryOf(remote.value.trim()) : null) ?? `local/${basename(folder)}`,
    actor: noFacts.actor,
    commit: sha === '' ? noFacts.commit : { sha, author, message: message.join('\n').trim() },
  };
}

/** `owner/name` of an address of a repository; null: it has none. */
export function repositoryOf(url: string): string | null {
  const path = url.replace(/\.git\/?$/, '').replace(/^[^@/]+@[^:/]+:/, '/');
  const parts = path.split('/').filter((part) => part !== '');
  const [owner, name] = parts.slice(-2);
  return owner === undefined || name === undefined ? null : `${owner}/${name}`;
}

/**
 * The folder whose files a pipeline gets: that of a `.sluice.yml`, the one above `.sluice/`, and for a file of another name
 * the folder in which the command was given.
 */
export async function folderOf(file: string, cwd: string): Promise<string> {
  const folder = dirname(resolve(cwd, file));
  if (basename(folder) === '.sluice') return realpath(dirname(folder));
  return realpath(basename(file) === '.sluice.yml' ? folder : cwd);
}
