// The files of submodules, put where the repository has them. What names them was written by strangers.
import { createHash } from 'node:crypto';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { trimEnd } from '@sluice/pipelines/trim-end';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { openGit } from './git-client.ts';
import type { CheckoutTarget } from './mirror.ts';
import { submoduleUrl } from './submodule-url.ts';

export interface SubmoduleOptions {
  readonly fileFolders: readonly string[];
  /** Submodules of submodules, too. */
  readonly isDeep: boolean;
  readonly mirrorOf: (spec: CheckoutSpec) => string;
  readonly putFiles: (
    spec: CheckoutSpec,
    target: CheckoutTarget,
    signal: AbortSignal,
  ) => Promise<Result<void, string>>;
}

/** Of one checkout, those of submodules counted. */
const mostSubmodules = 200;
const deepest = 10;
const longestModulesFile = 1_048_576;

interface OpenRepository {
  readonly spec: CheckoutSpec;
  /** From the root of the workspace; empty for the repository itself. */
  readonly path: string;
  readonly depth: number;
}

/** `target.workspace` has the files of the repository. The error is a sentence that says what to do. */
export async function addSubmodules(
  spec: CheckoutSpec,
  target: CheckoutTarget,
  options: SubmoduleOptions,
  signal: AbortSignal,
): Promise<Result<void, string>> {
  const open: OpenRepository[] = [{ spec, path: '', depth: 0 }];
  let count = 0;
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const found = await readSubmodules(options.mirrorOf(next.spec), next.spec, signal);
    if (!found.ok) return found;
    for (const submodule of found.value) {
      const path = next.path === '' ? submodule.path : `${next.path}/${submodule.path}`;
      count += 1;
      if (count > mostSubmodules)
        return err(
          `There are more than ${mostSubmodules} submodules. Check out fewer: submodules: true takes those of the repository alone.`,
        );
      const placed = await addOne(next.spec, { ...submodule, path }, target, options, signal);
      if (!placed.ok) return placed;
      if (!options.isDeep) continue;
      if (next.depth + 1 >= deepest)
        return err(
          `Submodule "${path}" lies ${deepest} submodules deep: do they contain each other? Use submodules: true.`,
        );
      open.push({ spec: placed.value, path, depth: next.depth + 1 });
    }
  }
  return ok(undefined);
}

interface Submodule {
  readonly path: string;
  /** As `.gitmodules` has it. */
  readonly url: string;
  readonly commit: string;
}

/** Those that the commit holds; what `.gitmodules` says of others means nothing. */
async function readSubmodules(
  mirror: string,
  spec: CheckoutSpec,
  signal: AbortSignal,
): Promise<Result<readonly Submodule[], string>> {
  const git = openGit(mirror, spec, signal);
  const commits = new Map<string, string>();
  const tree = await git.raw(['ls-tree', '-r', '-z', '--full-tree', spec.commit]);
  for (const line of tree.split('\0')) {
    const [, commit, path] = /^160000 commit ([0-9a-f]+)\t(.+)$/s.exec(line) ?? [];
    if (commit !== undefined && path !== undefined) commits.set(path, commit);
  }
  if (commits.size === 0) return ok([]);
  const urls = await readUrls(git, spec);
  const submodules: Submodule[] = [];
  for (const [path, commit] of commits) {
    const url = urls.get(path);
    if (url === undefined)
      return err(
        `"${path}" is a submodule without an address. Add it to .gitmodules, or remove it: git rm --cached "${path}".`,
      );
    submodules.push({ path, url, commit });
  }
  return ok(submodules);
}

/** Path → address. */
async function readUrls(
  git: ReturnType<typeof openGit>,
  spec: CheckoutSpec,
): Promise<ReadonlyMap<string, string>> {
  const blob = `${spec.commit}:.gitmodules`;
  const size = Number(await git.raw(['cat-file', '-s', blob]).catch(() => '0'));
  if (size === 0 || size > longestModulesFile) return new Map();
  const text = await git
    .raw(['config', '--blob', blob, '-z', '--get-regexp', '^submodule\\..*\\.(path|url)$'])
    .catch(() => '');
  const keys = new Map<string, { path?: string; url?: string }>();
  for (const entry of text.split('\0')) {
    const [, name, key, value] = /^submodule\.(.*)\.(path|url)\n(.*)$/s.exec(entry) ?? [];
    if (name === undefined || value === undefined) continue;
    const own = keys.get(name) ?? {};
    keys.set(name, key === 'path' ? { ...own, path: value } : { ...own, url: value });
  }
  return new Map(
    [...keys.values()].flatMap(({ path, url }) =>
      path === undefined || url === undefined ? [] : [[trimEnd(path, '/'), url] as const],
    ),
  );
}

/** What was checked out. */
async function addOne(
  parent: CheckoutSpec,
  { path, url: written, commit }: Submodule,
  target: CheckoutTarget,
  { fileFolders, putFiles }: SubmoduleOptions,
  signal: AbortSignal,
): Promise<Result<CheckoutSpec, string>> {
  const url = submoduleUrl(written, parent.url);
  if (!url.ok) return err(`Submodule "${path}" ${url.error}`);
  if (url.value.startsWith('file:') && !(await liesIn(url.value, fileFolders)))
    return err(
      `Submodule "${path}" is a folder of this machine that no folder in SLUICE_FILE_SUBMODULES of the worker has in it. Its operator can add it there.`,
    );
  if (!(await isEmptyFolder(target.workspace, path)))
    return err(`Submodule "${path}" cannot be checked out: its place is no empty folder of the workspace.`);
  const spec: CheckoutSpec = { ...parent, repositoryId: mirrorId(parent, url.value), url: url.value, commit };
  const put = await putFiles(spec, { ...target, workspace: join(target.workspace, path) }, signal);
  return put.ok ? ok(spec) : err(`Submodule "${path}": ${put.error}`);
}

/** Apart for each repository that names it: another one may have no right to what lies there. */
const mirrorId = ({ repositoryId }: CheckoutSpec, url: string): string => {
  const hash = createHash('sha256').update(`${repositoryId}\n${url}`).digest('hex').slice(0, 32);
  return `${repositoryId.replace(/-sub-[0-9a-f]{32}$/, '').slice(0, 60)}-sub-${hash}`;
};

async function liesIn(url: string, folders: readonly string[]): Promise<boolean> {
  const folder = await realpath(fileURLToPath(url)).catch(() => null);
  if (folder === null) return false;
  const roots = await Promise.all(folders.map((each) => realpath(each).catch(() => null)));
  return roots.some((root) => root !== null && folder.startsWith(root + sep));
}

/** Nothing on the way to it is a link. */
async function isEmptyFolder(workspace: string, path: string): Promise<boolean> {
  const parts = path.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const folder = await lstat(join(workspace, ...parts.slice(0, depth))).catch(() => null);
    if (folder === null || !folder.isDirectory()) return false;
  }
  return (await readdir(join(workspace, path))).length === 0;
}
