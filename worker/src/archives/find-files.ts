import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { largestUnpackedBytes, mostArchiveFiles } from '@sluice/pipelines/protocol/kept-files';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { readableBytes } from '../stages/readable-bytes.ts';

/** `path` is below the root that was looked in, `/` between its parts. */
export type FoundFile =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly bytes: number;
      readonly isExecutable: boolean;
      readonly mtimeMs: number;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'folder'; readonly path: string };

export interface FileSearch {
  /** Paths below the root where the walk begins; `.` is all of it. One that is not there is no error. */
  readonly from: readonly string[];
  readonly isWanted: (path: string) => boolean;
  /** `inside`: a link that leads out of the root is an error. `any`: links are kept as they are, never followed. */
  readonly links: 'inside' | 'any';
  /** Folders are named too, so that empty ones are kept. */
  readonly withFolders: boolean;
}

/**
 * Files below `root`, by path, each once. Strangers have written them: no link is followed on the way, and what is no
 * file, link or folder (a socket, a device) is passed over. The error is a sentence for the author.
 */
export async function findFiles(
  root: string,
  search: FileSearch,
): Promise<Result<readonly FoundFile[], string>> {
  const found = new Map<string, FoundFile>();
  let bytes = 0;
  const open = [...search.from];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const walked = await look(root, normalize(path), search);
    if (!walked.ok) return walked;
    const { file, inside } = walked.value;
    open.push(...inside);
    if (file === null || found.has(file.path)) continue;
    found.set(file.path, file);
    if (file.kind === 'file') bytes += file.bytes;
    if (found.size > mostArchiveFiles)
      return err(`there are more than ${mostArchiveFiles} files. Name fewer, or pack them in a step.`);
    if (bytes > largestUnpackedBytes)
      return err(`the files have more than ${readableBytes(largestUnpackedBytes)}. Name fewer.`);
  }
  return ok([...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)));
}

interface Seen {
  /** Null: not wanted, or not there. */
  readonly file: FoundFile | null;
  /** What is to be looked at next. */
  readonly inside: readonly string[];
}

const nothing: Seen = { file: null, inside: [] };

async function look(root: string, path: string, search: FileSearch): Promise<Result<Seen, string>> {
  const above = await linkAbove(root, path);
  if (above !== null) return err(`"${above}" is a link. Name the folder that it points to.`);
  const place = join(root, path);
  const stats = await lstat(place).catch(unlessMissing);
  if (stats === null) return ok(nothing);
  if (stats.isDirectory()) {
    const names = await readdir(place);
    const isNamed = search.withFolders && path !== '.' && search.isWanted(path);
    return ok({
      file: isNamed ? { kind: 'folder', path } : null,
      inside: names.map((name) => (path === '.' ? name : `${path}/${name}`)),
    });
  }
  if (!search.isWanted(path)) return ok(nothing);
  if (stats.isFile()) {
    const { size, mode, mtimeMs } = stats;
    const file = { kind: 'file', path, bytes: size, isExecutable: (mode & 0o100) !== 0, mtimeMs } as const;
    return ok({ file, inside: [] });
  }
  if (!stats.isSymbolicLink()) return ok(nothing);
  const target = await readlink(place);
  if (search.links === 'inside' && !staysInside(path, target)) {
    return err(`"${path}" is a link to "${target}", outside of the workspace. Copy the file instead.`);
  }
  return ok({ file: { kind: 'link', path, target }, inside: [] });
}

/** Whether a link at `path` leads to a place below the same root, by its words alone. */
export function staysInside(path: string, target: string): boolean {
  if (isAbsolute(target) || target === '') return false;
  const end = normalize(join(dirname(path), target));
  return end !== '..' && !end.startsWith('../');
}

/** The first folder above `path` that is a link; the walk itself meets none, but where it begins may lie behind one. */
async function linkAbove(root: string, path: string): Promise<string | null> {
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const above = parts.slice(0, depth).join('/');
    const stats = await lstat(join(root, above)).catch(unlessMissing);
    if (stats?.isSymbolicLink() === true) return above;
  }
  return null;
}

function unlessMissing(error: unknown): null {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return null;
  throw error;
}
