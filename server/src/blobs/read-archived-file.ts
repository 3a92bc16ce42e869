import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';

/**
 * Finds one file in a gzipped tar and writes it to `target`, without keeping more than a chunk of it. `found` is told
 * its size before the first byte. False: there is no such file, and nothing was written.
 */
export async function readArchivedFile(
  archive: Readable,
  path: string,
  target: Writable,
  found: (bytes: number) => void,
): Promise<boolean> {
  const entries = extract();
  const unpacking = pipeline(archive, createGunzip(), entries);
  unpacking.catch(() => undefined); // told where the entries are read
  try {
    for await (const entry of entries) {
      if (entry.header.type !== 'file' || entry.header.name !== path) {
        entry.resume();
        continue;
      }
      found(entry.header.size ?? 0);
      await pipeline(entry.pipe(new PassThrough()), target);
      return true;
    }
    return false;
  } finally {
    archive.destroy();
  }
}
