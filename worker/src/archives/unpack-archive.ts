import { constants, createReadStream } from 'node:fs';
import { lstat, mkdir, open, rm, symlink, utimes } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type ExtractEvents } from 'tar-stream';
import { largestUnpackedBytes, mostArchiveFiles } from '@sluice/pipelines/protocol/kept-files';
import { staysInside } from './find-files.ts';

export interface UnpackOptions {
  /** The folder for each prefix of names, such as `workspace/`; the empty one takes every name. */
  readonly roots: Readonly<Record<string, string>>;
  readonly links: 'inside' | 'any';
  readonly times: 'kept' | 'new';
  readonly signal: AbortSignal;
  /** Default: what any archive may hold. */
  readonly limits?: { readonly bytes: number; readonly files: number };
}

export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
}

/** Thrown when an archive holds what it must not hold: a name that leaves its folder, a device, too much. */
export class UnsafeArchiveError extends Error {
  override readonly name = 'UnsafeArchiveError';
}

/**
 * Unpacks a gzipped tar over what is there; files of the same name are replaced. Neither a link of the archive nor one
 * that was there before is ever followed. What was unpacked before a rejection stays.
 */
export async function unpackArchive(archive: string, options: UnpackOptions): Promise<Unpacked> {
  const { bytes: mostBytes, files: mostFiles } = options.limits ?? {
    bytes: largestUnpackedBytes,
    files: mostArchiveFiles,
  };
  const entries = extract();
  const reading = pipeline(createReadStream(archive), createGunzip(), entries, { signal: options.signal });
  reading.catch(() => undefined); // told where the entries are read
  const folders = new Set<string>();
  let [files, bytes] = [0, 0];
  for await (const entry of entries) {
    files += 1;
    bytes += entry.header.type === 'file' ? (entry.header.size ?? 0) : 0;
    if (files > mostFiles) throw new UnsafeArchiveError(`the archive holds more than ${mostFiles} files`);
    if (bytes > mostBytes)
      throw new UnsafeArchiveError(`the archive unpacks to more than ${mostBytes} bytes`);
    await place(entry, options, folders);
  }
  await reading;
  return { files, bytes };
}

type Entry = ExtractEvents['entry'][1];

/** `folders`: those that are known to be real ones. */
async function place(entry: Entry, options: UnpackOptions, folders: Set<string>): Promise<void> {
  const { root, path } = placeOf(entry.header.name, options.roots);
  if (path === '.') {
    // The folder itself, as tar writes it, is there; nothing else may take its place.
    if (entry.header.type !== 'directory')
      throw new UnsafeArchiveError(`"${entry.header.name}" would take the place of its folder`);
    return void entry.resume();
  }
  await ensureFolder(root, dirname(path), folders);
  const target = join(root, path);
  const { type, linkname, mode, mtime } = entry.header;
  switch (type) {
    case 'directory':
      await ensureFolder(root, path, folders);
      break;
    case 'symlink': {
      const link = linkname ?? '';
      if (options.links === 'inside' && !staysInside(path, link))
        throw new UnsafeArchiveError(`"${path}" is a link that leaves its folder: "${link}"`);
      await removeForeign(target, folders);
      await symlink(link, target);
      break;
    }
    case 'file': {
      await removeForeign(target, folders);
      const rights = ((mode ?? 0) & 0o100) === 0 ? 0o644 : 0o755;
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      const handle = await open(target, flags, rights);
      await pipeline(entry, handle.createWriteStream());
      if (options.times === 'kept' && mtime !== undefined) await utimes(target, mtime, mtime);
      return;
    }
    default:
      throw new UnsafeArchiveError(
        `"${path}" is a ${type ?? 'thing'}, and only files, folders and links are unpacked`,
      );
  }
  entry.resume();
}

function placeOf(
  name: string,
  roots: UnpackOptions['roots'],
): { readonly root: string; readonly path: string } {
  for (const [prefix, root] of Object.entries(roots)) {
    if (!name.startsWith(prefix)) continue;
    const path = normalize(name.slice(prefix.length)).replace(/\/$/, '');
    const leaves = isAbsolute(path) || path === '..' || path.startsWith('../') || path.includes('\0');
    if (leaves || name.split('/').includes('..')) throw new UnsafeArchiveError(`"${name}" leaves its folder`);
    return { root, path };
  }
  throw new UnsafeArchiveError(`"${name}" belongs to no folder of ours`);
}

/** Each part is a folder or is made; a link or file in the way is an error: something else put it there. */
async function ensureFolder(root: string, path: string, known: Set<string>): Promise<void> {
  let folder = root;
  for (const part of path === '.' ? [] : path.split('/')) {
    folder = join(folder, part);
    if (known.has(folder)) continue;
    const stats = await lstat(folder).catch(() => null);
    if (stats === null) await mkdir(folder);
    else if (!stats.isDirectory())
      throw new UnsafeArchiveError(`"${path}" lies behind a link or a file: nothing is unpacked there`);
    known.add(folder);
  }
}

/** What is there under the same name goes; a whole folder does not, for it was not put there by an archive. */
async function removeForeign(target: string, folders: Set<string>): Promise<void> {
  const stats = await lstat(target).catch(() => null);
  if (stats === null) return;
  if (stats.isDirectory() || folders.has(target))
    throw new UnsafeArchiveError(`"${target}" is a folder already, and a file in the archive`);
  await rm(target);
}
