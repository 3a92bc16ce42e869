// From what stands behind @ to a commit.
import type { TemplateVersion } from '@sluice/pipelines/language/templates/template-definition';
import type { SimpleGit } from 'simple-git';
import type { CloneSource } from './clone-url.ts';

export interface ResolvedVersion {
  readonly commit: string;
  readonly version: Exclude<TemplateVersion, 'none'>;
}

/** With their history, everything that a pattern of refs names. */
type FetchRefs = (refspec: string) => Promise<void>;

const fullName = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * A tag before a branch of the same name, as Git does. A commit must be in a branch or a tag: forges also give out
 * those of forks, which strangers write. Null: there is none.
 */
export async function resolveVersion(
  git: SimpleGit,
  source: CloneSource,
  ref: string,
  fetchRefs: FetchRefs,
): Promise<ResolvedVersion | null> {
  if (fullName.test(ref))
    return (await isInHistory(git, ref, fetchRefs)) ? { commit: ref, version: 'commit' } : null;
  const [tag, peeled, branch] = [`refs/tags/${ref}`, `refs/tags/${ref}^{}`, `refs/heads/${ref}`];
  const listed = await git.raw(['ls-remote', source.url, tag, peeled, branch]);
  const heads = new Map(
    listed.split('\n').map((line) => [line.slice(line.indexOf('\t') + 1), line.split('\t')[0] ?? '']),
  );
  const tagged = heads.get(peeled) ?? heads.get(tag);
  const commit = tagged ?? heads.get(branch);
  return commit === undefined || !fullName.test(commit)
    ? null
    : { commit, version: tagged === undefined ? 'branch' : 'tag' };
}

async function isInHistory(git: SimpleGit, commit: string, fetchRefs: FetchRefs): Promise<boolean> {
  if (await isContained(git, commit)) return true;
  await fetchRefs('+refs/heads/*:refs/sluice/*');
  await fetchRefs('+refs/tags/*:refs/sluice-tags/*');
  return isContained(git, commit);
}

const isContained = (git: SimpleGit, commit: string): Promise<boolean> =>
  git
    .raw(['for-each-ref', '--count=1', `--contains=${commit}`, 'refs/sluice/', 'refs/sluice-tags/'])
    .then((found) => found.trim() !== '')
    .catch(() => false);
