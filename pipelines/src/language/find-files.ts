// Where files of a pipeline lie and which patterns find them: the same rules for a commit on the server and for a
// folder on a laptop. What is a link is never followed.
import { matchesAny } from '../trigger/match-glob.ts';
import type { FileText, IncludeAnswer } from './included-files.ts';
import { maxFileBytes } from './read-yaml.ts';

/** A repository's files at one commit, or as they lie in a folder. Paths count from its root, `''`. */
export interface FileTree {
  /** Null: there is no such folder. */
  readonly list: (folder: string) => Promise<readonly FolderEntry[] | null>;
  /** Of a plain file that `list` has named; null: larger than 1 MiB. */
  readonly read: (path: string) => Promise<string | null>;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

const maxFolders = 1_000;
const maxFound = 100;

/** The files that a path or pattern stands for, by name. */
export async function findIncluded(tree: FileTree, pattern: string): Promise<IncludeAnswer> {
  const search: Search = { tree, pattern, folders: 0, paths: [], problem: null };
  const isPattern = /[*?[\]{}()!]/.test(pattern);
  const { base, depth } = isPattern ? startOf(pattern) : { base: folderOf(pattern), depth: 1 };
  if (await passesLinks(tree, base)) return refused('lies behind a symbolic link. Name the file itself.');
  await walk(
    search,
    base,
    depth,
    isPattern ? (path) => matchesAny([pattern], path) : (path) => path === pattern,
  );
  if (search.problem !== null) return refused(search.problem);
  if (search.paths.length === 0)
    return refused(
      isPattern
        ? 'matches no file. Is it spelled as in the repository?'
        : 'is not there. Is it spelled as in the repository, and committed?',
    );
  return readAll(tree, search.paths.toSorted());
}

interface Search {
  readonly tree: FileTree;
  readonly pattern: string;
  folders: number;
  readonly paths: string[];
  problem: string | null;
}

async function walk(
  search: Search,
  folder: string,
  depth: number,
  fits: (path: string) => boolean,
): Promise<void> {
  search.folders += 1;
  if (search.folders > maxFolders)
    search.problem = `looks through more than ${maxFolders} folders. Name the folder.`;
  if (search.problem !== null) return;
  for (const { name, kind } of (await search.tree.list(folder)) ?? []) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (kind === 'folder' && depth > 1) await walk(search, path, depth - 1, fits);
    if (!fits(path)) continue;
    if (kind === 'file') search.paths.push(path);
    else if (kind === 'link') search.problem = `names ${path}, a symbolic link. Make it a plain file.`;
    else if (path === search.pattern)
      search.problem = 'is not a file. Name a file in it, or write a pattern.';
    if (search.paths.length > maxFound)
      search.problem = `names more than ${maxFound} files. Put several stages into one.`;
    if (search.problem !== null) return;
  }
}

async function readAll(tree: FileTree, paths: readonly string[]): Promise<IncludeAnswer> {
  const files: FileText[] = [];
  let left = maxFileBytes;
  for (const file of paths) {
    const text = await tree.read(file);
    left -= text?.length ?? left + 1;
    if (text === null || left < 0) return refused('is larger than 1 MiB. Split it into several pipelines.');
    files.push({ file, text });
  }
  return { kind: 'found', files };
}

/** A folder behind a link belongs to somebody else, or is here a second time. */
async function passesLinks(tree: FileTree, folder: string): Promise<boolean> {
  const names = folder === '' ? [] : folder.split('/');
  for (const [index, name] of names.entries()) {
    const entries = await tree.list(names.slice(0, index).join('/'));
    const entry = entries?.find((each) => each.name === name);
    if (entry === undefined || entry.kind === 'file' || entry.kind === 'other') return false;
    if (entry.kind === 'link') return true;
  }
  return false;
}

/** The folder before the first wildcard, and how many levels below it can match. */
function startOf(pattern: string): { readonly base: string; readonly depth: number } {
  const segments = pattern.split('/');
  const first = segments.findIndex((segment) => /[*?[\]{}()!]/.test(segment));
  const rest = segments.slice(first).join('/');
  const depth = rest.includes('**') ? Number.POSITIVE_INFINITY : rest.split('/').length;
  return { base: segments.slice(0, first).join('/'), depth };
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

const refused = (why: string): IncludeAnswer => ({ kind: 'refused', why });
