// A tar of a folder whose length is known before its first byte. Long names and links are written the GNU way, which
// every `tar` reads, also those of small images; owners are left out.
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stats } from 'node:fs';

export interface FolderTar {
  readonly bytes: number;
  readonly chunks: () => AsyncGenerator<Buffer>;
}

/** Files that grow or shrink meanwhile are cut or filled up; sockets, pipes and devices are left out. */
export async function tarFolder(folder: string): Promise<FolderTar> {
  const entries: Entry[] = [];
  for await (const entry of walk(folder, '')) entries.push(entry);
  const bytes = entries.reduce((sum, entry) => sum + headersOf(entry).length + padded(entry.size), endBytes);
  return {
    bytes,
    chunks: async function* () {
      for (const entry of entries) {
        yield headersOf(entry);
        if (entry.size > 0) yield* content(join(folder, entry.name), entry.size);
      }
      yield Buffer.alloc(endBytes);
    },
  };
}

interface Entry {
  readonly name: string;
  readonly type: '0' | '2' | '5';
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly link: string;
}

const block = 512;
const endBytes = 2 * block;
const padded = (size: number): number => Math.ceil(size / block) * block;

async function* walk(folder: string, inside: string): AsyncGenerator<Entry> {
  for (const name of (await readdir(join(folder, inside))).sort()) {
    const path = inside === '' ? name : `${inside}/${name}`;
    const entry = await entryOf(join(folder, path), path, await lstat(join(folder, path)));
    if (entry !== null) yield entry;
    if (entry?.type === '5') yield* walk(folder, path);
  }
}

async function entryOf(full: string, name: string, stats: Stats): Promise<Entry | null> {
  const base = {
    name,
    mode: stats.mode & 0o777,
    mtime: Math.floor(stats.mtimeMs / 1_000),
    link: '',
    size: 0,
  };
  if (stats.isDirectory()) return { ...base, type: '5' };
  if (stats.isSymbolicLink()) return { ...base, type: '2', link: await readlink(full) };
  return stats.isFile() ? { ...base, type: '0', size: stats.size } : null;
}

async function* content(path: string, size: number): AsyncGenerator<Buffer> {
  let left = size;
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const bytes: Buffer = chunk.subarray(0, left);
    left -= bytes.length;
    if (bytes.length > 0) yield bytes;
    if (left === 0) break;
  }
  for (; left > 0; left -= Math.min(left, 65_536)) yield Buffer.alloc(Math.min(left, 65_536));
  const rest = padded(size) - size;
  if (rest > 0) yield Buffer.alloc(rest);
}

function headersOf(entry: Entry): Buffer {
  const name = Buffer.from(entry.type === '5' ? `${entry.name}/` : entry.name);
  const link = Buffer.from(entry.link);
  return Buffer.concat([
    ...(name.length > 100 ? longText('L', name) : []),
    ...(link.length > 100 ? longText('K', link) : []),
    header(name, link, entry),
  ]);
}

function longText(type: 'L' | 'K', text: Buffer): readonly Buffer[] {
  const size = text.length + 1;
  const about = { type, mode: 0o644, size, mtime: 0 };
  return [
    header(Buffer.from('././@LongLink'), Buffer.alloc(0), about),
    Buffer.concat([text, Buffer.alloc(padded(size) - text.length)]),
  ];
}

function header(
  name: Buffer,
  link: Buffer,
  about: { readonly type: string; readonly mode: number; readonly size: number; readonly mtime: number },
): Buffer {
  const bytes = Buffer.alloc(block);
  name.copy(bytes, 0, 0, Math.min(100, name.length));
  const number = (at: number, width: number, value: number): void => {
    bytes.write(value.toString(8).padStart(width - 1, '0'), at);
  };
  number(100, 8, about.mode);
  number(108, 8, 0);
  number(116, 8, 0);
  size(bytes, about.size);
  number(136, 12, Math.max(0, about.mtime));
  bytes.write(about.type, 156);
  link.copy(bytes, 157, 0, Math.min(100, link.length));
  bytes.write('ustar  \0', 257, 'latin1');
  bytes.fill(' ', 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** Eleven octal digits, or beyond 8 GiB the number itself. */
function size(bytes: Buffer, value: number): void {
  if (value < 8 ** 11) {
    bytes.write(value.toString(8).padStart(11, '0'), 124);
    return;
  }
  bytes.writeUInt8(0x80, 124);
  bytes.writeBigUInt64BE(BigInt(value), 128);
}
