// Templates of other repositories, read by Git with the rights of the person who asks: from the same place as the
// checkout's own `origin`.
import type { TemplateAnswer } from '@sluice/pipelines/language/templates/template-definition';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { git } from './local-run/working-tree.ts';

interface WantedFile {
  readonly repository: string;
  readonly path: string;
  readonly ref: string;
}

/** `origin`: the address of the checkout's own repository. */
export async function readFromGit(origin: string, wanted: WantedFile): Promise<TemplateAnswer> {
  const url = addressBeside(origin, wanted.repository);
  if (url === null)
    return refused(
      `is in another repository, and the address of this one (${origin}) does not tell where.`,
      wanted,
    );
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-template-'));
  try {
    return await readAt(folder, url, wanted);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readAt(folder: string, url: string, wanted: WantedFile): Promise<TemplateAnswer> {
  await git(folder, ['init', '--bare', '--quiet']);
  const resolved = await resolve(folder, url, wanted.ref);
  if (typeof resolved === 'string') return refused(`could not be read from ${url}: ${resolved}`, wanted);
  if (resolved === null) return refused(`names a version that ${wanted.repository} does not have.`, null);
  const listed = await git(folder, ['ls-tree', '-l', resolved.commit, '--', wanted.path]);
  const [mode, , , size = ''] = (listed.ok ? listed.value : '').split(/\s+/);
  if (mode !== '100644' && mode !== '100755')
    return refused('is not there. Is it spelled as in the repository, and committed?', null);
  if (Number(size) > 1_048_576) return refused('is larger than 1 MiB.', null);
  const text = await git(folder, ['cat-file', 'blob', `${resolved.commit}:${wanted.path}`]);
  if (!text.ok) return refused(`could not be read from ${url}: ${text.error.message}`, wanted);
  return { kind: 'found', text: text.value, repository: wanted.repository, path: wanted.path, ...resolved };
}

type Resolved = Pick<Extract<TemplateAnswer, { readonly kind: 'found' }>, 'commit' | 'version'> & {
  readonly commit: string;
};

/** As the server: a tag before a branch, and a commit only from a branch or a tag. Text: what Git said; null: no such version. */
async function resolve(folder: string, url: string, ref: string): Promise<Resolved | string | null> {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) {
    const fetched = await git(folder, [
      ...fetch,
      url,
      '+refs/heads/*:refs/heads/*',
      '+refs/tags/*:refs/tags/*',
    ]);
    if (!fetched.ok) return fetched.error.message;
    const found = await git(folder, ['for-each-ref', '--count=1', `--contains=${ref}`]);
    return found.ok && found.value.trim() !== '' ? { commit: ref, version: 'commit' } : null;
  }
  for (const [kind, version] of [
    ['tags', 'tag'],
    ['heads', 'branch'],
  ] as const) {
    const listed = await git(folder, ['ls-remote', url, `refs/${kind}/${ref}`]);
    if (!listed.ok) return listed.error.message;
    if (listed.value.trim() === '') continue;
    const fetched = await git(folder, [...fetch, '--depth=1', url, `+refs/${kind}/${ref}:refs/sluice/it`]);
    if (!fetched.ok) return fetched.error.message;
    const commit = await git(folder, ['rev-parse', '--verify', 'refs/sluice/it^{commit}']);
    return commit.ok ? { commit: commit.value.trim(), version } : commit.error.message;
  }
  return null;
}

const fetch = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules'];

/** `git@host:acme/shop.git`, for `org/templates`: `git@host:org/templates.git`. Null: it does not end in owner/name. */
export function addressBeside(origin: string, repository: string): string | null {
  const [, before, end] = /^(.*[/:])[^/:]+\/[^/:]+?((?:\.git)?\/?)$/.exec(origin) ?? [];
  return before === undefined || end === undefined ? null : before + repository + end;
}

function refused(why: string, unread: WantedFile | null): TemplateAnswer {
  const help =
    unread === null
      ? ''
      : ` Name a checkout of it: --template ${unread.repository}=../${unread.repository.split('/').at(-1) ?? 'templates'}.`;
  return { kind: 'refused', why: why + help };
}
