// One bare repository per registered repository, holding what was asked for so far.
import { loadPipelines, type LoadedPipeline } from '@sluice/pipelines/language/load-pipelines';
import type { CommitFile } from '@sluice/pipelines/plan/reuse-key';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { Commit } from '@sluice/pipelines/trigger/trigger';
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { SimpleGit } from 'simple-git';
import type { Repository } from '../store/repository-store.ts';
import { checkCloneUrl, type CloneRules, type CloneSource } from './clone-url.ts';
import { gitTree, objectLimitBytes, ObjectMissingError } from './git-tree.ts';
import { keyedLock } from './keyed-lock.ts';
import { objectReaders } from './object-readers.ts';
import { checkBranchName, checkCommitName } from './refs.ts';
import { explainGitFailure, serverEnds, type RepositoryProblem } from './repository-problem.ts';
import { openGit } from './run-git.ts';

export type RepositoryToRead = Pick<Repository, 'id' | 'fullName' | 'cloneUrl' | 'credentials'>;

export interface Mirrors {
  /** The pipelines of a commit (its full name), each with what it includes; none: it has no pipeline file. */
  readonly readPipelines: (
    repository: RepositoryToRead,
    commit: string,
  ) => Promise<Result<readonly LoadedPipeline[], RepositoryProblem>>;
  /** Every file of a commit (its full name). */
  readonly listFiles: (
    repository: RepositoryToRead,
    commit: string,
  ) => Promise<Result<readonly CommitFile[], RepositoryProblem>>;
  /** The head of a branch now. */
  readonly resolveBranch: (
    repository: RepositoryToRead,
    branch: string,
  ) => Promise<Result<Commit, RepositoryProblem>>;
  /** A commit by its name or the beginning of it, which must lie on the branch. */
  readonly resolveCommit: (
    repository: RepositoryToRead,
    branch: string,
    commit: string,
  ) => Promise<Result<Commit, RepositoryProblem>>;
  /** Ends every Git process of ours: who waits for one, and who asks afterwards, is told `server-ends`. */
  readonly close: () => Promise<void>;
}

/** `folder` is made when needed. Works on one repository follow one another; on several they run at once. */
export function openMirrors(folder: string, rules: CloneRules): Mirrors {
  const lock = keyedLock();
  const readers = objectReaders(objectLimitBytes);
  const closing = new AbortController();

  async function inMirror<T>(
    repository: RepositoryToRead,
    work: (git: SimpleGit, source: CloneSource, mirror: string) => Promise<Result<T, RepositoryProblem>>,
  ): Promise<Result<T, RepositoryProblem>> {
    const source = await checkCloneUrl(repository.cloneUrl, rules);
    if (!source.ok) return source;
    return lock(repository.id, async () => {
      if (closing.signal.aborted) return err(serverEnds);
      const mirror = path.join(folder, `${repository.id}.git`);
      try {
        const { credentials } = repository;
        const git = await openGit(mirror, { source: source.value, credentials, signal: closing.signal });
        await ensureBare(git, mirror);
        return await work(git, source.value, mirror);
      } catch (error) {
        if (closing.signal.aborted) return err(serverEnds);
        if (!(error instanceof Error)) throw error;
        return err(explainGitFailure(repository.fullName, error.message));
      }
    });
  }

  return {
    async readPipelines(repository, commit) {
      const name = checkCommitName(commit);
      if (!name.ok) return name;
      return inMirror(repository, async (git, source, mirror) => {
        const read = () => loadPipelines(gitTree(() => readers.of(mirror, source), name.value));
        const loaded = await read().catch(async (error: unknown) => {
          if (!(error instanceof ObjectMissingError)) throw error;
          await fetchCommit(git, source, name.value);
          return read();
        });
        return loaded.ok ? loaded : err(unusable(loaded.error));
      });
    },

    async listFiles(repository, commit) {
      const name = checkCommitName(commit);
      if (!name.ok) return name;
      return inMirror(repository, async (git, source) => {
        if (!(await hasCommit(git, name.value))) await fetchCommit(git, source, name.value);
        return ok(parseTree(await git.raw(['ls-tree', '-r', '-z', '--full-tree', name.value])));
      });
    },

    async resolveBranch(repository, branch) {
      const name = checkBranchName(branch);
      if (!name.ok) return name;
      return inMirror(repository, async (git, source) => {
        const listed = await git
          .raw(['ls-remote', '--exit-code', source.url, `refs/heads/${name.value}`])
          .catch(noMatch);
        const head = /^[0-9a-f]{40,64}/.exec(listed)?.[0];
        if (head === undefined) return err(branchMissing(repository, name.value));
        if (!(await hasCommit(git, head))) await fetchCommit(git, source, head);
        return ok(await describe(git, head));
      });
    },

    async resolveCommit(repository, branch, commit) {
      const branchName = checkBranchName(branch);
      if (!branchName.ok) return branchName;
      const commitName = checkCommitName(commit, 7);
      if (!commitName.ok) return commitName;
      return inMirror(repository, async (git, source) => {
        const ref = `refs/sluice/${branchName.value}`;
        await fetchWhole(git, source, `+refs/heads/${branchName.value}:${ref}`);
        const found = await git
          .raw(['rev-parse', '--verify', '--quiet', `${commitName.value}^{commit}`])
          .catch(() => '');
        const full = found.trim();
        if (full === '' || !(await isAncestor(git, full, ref))) {
          return err({
            reason: 'commit-missing',
            message: `${repository.fullName} has no commit ${commitName.value} on branch "${branchName.value}".`,
            isTemporary: false,
          });
        }
        return ok(await describe(git, full));
      });
    },

    close() {
      closing.abort();
      readers.close();
      return Promise.resolve();
    },
  };
}

const unusable = (message: string): RepositoryProblem => ({
  reason: 'pipeline-file-unusable',
  message,
  isTemporary: false,
});

async function ensureBare(git: SimpleGit, mirror: string): Promise<void> {
  const isThere = await access(path.join(mirror, 'HEAD')).then(
    () => true,
    () => false,
  );
  if (!isThere) await git.raw(['init', '--bare', '--quiet']);
}

async function hasCommit(git: SimpleGit, commit: string): Promise<boolean> {
  return git.raw(['cat-file', '-e', `${commit}^{commit}`]).then(
    () => true,
    () => false,
  );
}

/** One commit without its history; where the host does not give out single commits, all branches and tags. */
async function fetchCommit(git: SimpleGit, source: CloneSource, commit: string): Promise<void> {
  try {
    await git.raw([...fetching, '--depth=1', source.url, commit]);
  } catch (error) {
    if (!/not our ref|unadvertised object/i.test(String(error))) throw error;
    await fetchWhole(git, source, '+refs/heads/*:refs/sluice/*');
    if (!(await hasCommit(git, commit))) throw error;
  }
}

/** With history, also where only single commits were fetched before. */
async function fetchWhole(git: SimpleGit, source: CloneSource, refspec: string): Promise<void> {
  const isShallow = (await git.raw(['rev-parse', '--is-shallow-repository'])).trim() === 'true';
  await git.raw([...fetching, ...(isShallow ? ['--unshallow'] : []), source.url, refspec]);
}

const fetching = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];

async function isAncestor(git: SimpleGit, commit: string, ref: string): Promise<boolean> {
  const base = await git.raw(['merge-base', commit, ref]).catch(() => '');
  return base.trim() === commit;
}

async function describe(git: SimpleGit, commit: string): Promise<Commit> {
  const shown = await git.raw(['show', '--no-patch', '--format=%an%x00%B', commit]);
  const [author = '', message = ''] = shown.split('\0');
  return { sha: commit, author, message: message.trim() };
}

/** `<mode> <type> <object>\t<path>`, each ended by NUL: paths are as they are, whatever is in them. */
function parseTree(listed: string): readonly CommitFile[] {
  return listed.split('\0').flatMap((entry) => {
    const tab = entry.indexOf('\t');
    const [mode = '', , object = ''] = entry.slice(0, tab).split(' ');
    return tab === -1 ? [] : [{ path: entry.slice(tab + 1), mode, object }];
  });
}

/** `--exit-code` ends with 2 and says nothing when no ref matches. */
function noMatch(error: unknown): string {
  if (error instanceof Error && error.message.trim() === '') return '';
  throw error;
}

const branchMissing = (repository: RepositoryToRead, branch: string): RepositoryProblem => ({
  reason: 'branch-missing',
  message: `${repository.fullName} has no branch "${branch}": was it pushed, and is it spelled so?`,
  isTemporary: false,
});
