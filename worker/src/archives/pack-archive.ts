import { constants, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import type { FoundFile } from './find-files.ts';

export interface FilesToPack {
  /** Begins the names in the archive; empty, or ends in `/`. */
  readonly prefix: string;
  /** Where the paths of the files begin. */
  readonly root: string;
  readonly files: readonly FoundFile[];
}

/** The first day that every archive format knows. */
const fixedTime = new Date(Date.UTC(1980, 0, 2));

/**
 * Writes a gzipped tar to `target`. Owners are left out and rights are 644 or 755, so that equal files make equal bytes;
 * `times` says whether that goes for times too. Rejects when a file changes meanwhile.
 */
export async function packArchive(
  parts: readonly FilesToPack[],
  target: string,
  { times, signal }: { readonly times: 'fixed' | 'kept'; readonly signal: AbortSignal },
): Promise<void> {
  const archive = pack();
  const written = pipeline(archive, createGzip({ level: 3 }), createWriteStream(target, { mode: 0o600 }), {
    signal,
  });
  const filled = fill(archive, parts, times).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  const [filling, writing] = await Promise.allSettled([filled, written]);
  signal.throwIfAborted();
  if (filling.status === 'rejected') throw filling.reason;
  if (writing.status === 'rejected') throw writing.reason;
}

async function fill(archive: Pack, parts: readonly FilesToPack[], times: 'fixed' | 'kept'): Promise<void> {
  for (const { prefix, root, files } of parts) {
    for (const file of files) await add(archive, root, `${prefix}${file.path}`, file, times);
  }
  archive.finalize();
}

async function add(
  archive: Pack,
  root: string,
  name: string,
  file: FoundFile,
  times: 'fixed' | 'kept',
): Promise<void> {
  switch (file.kind) {
    case 'folder':
      archive.entry({ name, type: 'directory', mode: 0o755, mtime: fixedTime });
      return;
    case 'link':
      archive.entry({ name, type: 'symlink', linkname: file.target, mtime: fixedTime });
      return;
    case 'file': {
      const mtime = times === 'kept' ? new Date(file.mtimeMs) : fixedTime;
      const mode = file.isExecutable ? 0o755 : 0o644;
      const handle = await open(join(root, file.path), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const entry = archive.entry({ name, type: 'file', mode, mtime, size: file.bytes });
        await pipeline(handle.createReadStream({ autoClose: false }), entry);
      } finally {
        await handle.close();
      }
    }
  }
}
