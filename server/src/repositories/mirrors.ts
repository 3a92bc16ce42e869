// One bare repository per registered repository, holding what was asked for so far.
import { loadPipelines, type LoadedPipeline } from '@sluice/pipelines/language/load-pipelines';
import type { CommitFile } from '@sluice/pipelines/plan/reuse-key';
import { findIncluded, type FileTree } from '@sluice/pipelines/language/find-files';
import type { TemplateAnswer, TemplateName } from '@sluice/pipelines/language/templates/template-definition';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { Commit } from '@sluice/pipelines/trigger/trigger';
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { SimpleGit } from 'simple-git';
import type { Repository } from '../store/repository-store.ts';
import { checkCloneUrl, type CloneRules, type CloneSource } from './clone-url.ts';
import { gitTree, objectLimitBytes, ObjectMissingError } from './git-tree.ts';
import { resolveVersion } from './git-version.ts';
import { keyedLock } from './keyed-lock.ts';
import { objectReaders } from './object-readers.ts';
import { checkBranchName, checkCommitName } from './refs.ts';
import { withTemplates } from './read-templates.ts';
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

/** The repository that an address of a template names, if the one that uses it may; null: it may not. */
export type FindTemplateRepository = (
  user: RepositoryToRead,
  address: string,
) => Promise<RepositoryToRead | null>;

/** `folder` is made when needed. Works on one repository follow one another; on several they run at once. */
export function openMirrors(
  folder: string,
  rules: CloneRules,
  findTemplateRepository: FindTemplateRepository,
): Mirrors {
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

  /** What a tree of the commit gives, fetched first where it has to be. */
  async function readAt<T>(
    git: SimpleGit,
    source: CloneSource,
    mirror: string,
    commit: string,
    read: (tree: FileTree) => Promise<T>,
  ): Promise<T> {
    const readNow = () => read(gitTree(() => readers.of(mirror, source), commit));
    return readNow().catch(async (error: unknown) => {
      if (!(error instanceof ObjectMissingError)) throw error;
      await fetchCommit(git, source, commit);
      return readNow();
    });
  }

  const readTemplate = async (
    user: RepositoryToRead,
    { address, ref }: RemoteTemplate,
  ): Promise<Result<TemplateAnswer, RepositoryProblem>> => {
    const repository = await findTemplateRepository(user, address);
    if (repository === null) return ok(notUsable(address));
    const path = address.slice(repository.fullName.length + 1);
    const answer = await inMirror<TemplateAnswer>(repository, async (git, source, mirror) => {
      const resolved = await resolveVersion(git, source, ref, (refspec) => fetchWhole(git, source, refspec));
      if (resolved === null) return ok(noVersion(repository.fullName, ref));
      const { commit } = resolved;
      const found = await readAt(git, source, mirror, commit, (tree) => findIncluded(tree, path));
      if (found.kind === 'refused') return ok(found);
      const [{ text } = { text: '' }] = found.files;
      return ok({ kind: 'found', text, repository: repository.fullName, path, ...resolved });
    });
    if (answer.ok || answer.error.isTemporary) return answer;
    return ok({ kind: 'refused', why: `cannot be read: ${answer.error.message}` });
  };

  return {
    async readPipelines(repository, commit) {
      const name = checkCommitName(commit);
      if (!name.ok) return name;
      const loaded = await inMirror(repository, async (git, source, mirror) => {
        const read = await readAt(git, source, mirror, name.value, loadPipelines);
        return read.ok ? read : err(unusable(read.error));
      });
      // Outside of the mirror: two repositories may use templates of each other.
      return loaded.ok
        ? withTemplates(loaded.value, (template) => readTemplate(repository, template))
        : loaded;
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

type RemoteTemplate = Extract<TemplateName, { readonly kind: 'remote' }>;

/** The same whether it is not connected or belongs to somebody else: its name alone is nobody's business. */
function notUsable(address: string): TemplateAnswer {
  const [owner, name] = address.split('/');
  const why = `is in no repository that this one may use. Connect ${owner}/${name} to this server in the same project, or have those who own it share it with every project, under Settings.`;
  return { kind: 'refused', why };
}

const noVersion = (fullName: string, ref: string): TemplateAnswer => ({
  kind: 'refused',
  why: /^[0-9a-f]{40,64}$/.test(ref)
    ? `names a commit that is in no branch and no tag of ${fullName}. Write one that is.`
    : `names a version that ${fullName} does not have: there is no tag and no branch "${ref}", and a commit is written with all of its digits.`,
});

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
