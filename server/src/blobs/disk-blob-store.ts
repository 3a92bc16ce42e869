import { err, ok } from '@sluice/pipelines/result';
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BlobStoreError, type BlobStore } from './blob-store.ts';
import { BlobTooLargeError, measureBytes } from './measure-bytes.ts';

/** In a folder of this machine, or one that all servers share; it is made when needed. */
export function openDiskBlobStore(folder: string): BlobStore {
  const placeOf = (sha256: string): string => path.join(folder, sha256.slice(0, 2), sha256);

  return {
    async write(body, limitBytes) {
      await mkdir(folder, { recursive: true });
      const draft = path.join(folder, `${draftPrefix}${randomUUID()}`);
      const { chunks, end } = measureBytes(body, limitBytes);
      try {
        // Opened first: a stream that opens it itself may make it after it was removed.
        const file = await open(draft, 'wx', 0o600);
        await pipeline(chunks, file.createWriteStream({ flush: true }));
      } catch (error) {
        await rm(draft, { force: true });
        if (error instanceof BlobTooLargeError) return err({ reason: 'too-large' });
        throw explained(error, folder);
      }
      const { sha256, bytes } = end();
      let isPublished = false;
      return ok({
        sha256,
        bytes,
        async publish() {
          if (isPublished) return;
          await mkdir(path.dirname(placeOf(sha256)), { recursive: true });
          await rename(draft, placeOf(sha256));
          isPublished = true;
        },
        discard: () => rm(draft, { force: true }),
      });
    },

    async read(sha256, range) {
      const file = await open(placeOf(sha256)).catch(unlessMissing);
      if (file === null) return null;
      return file.createReadStream(range === undefined ? {} : { start: range.first, end: range.last });
    },

    remove: (sha256) => rm(placeOf(sha256), { force: true }),

    async removeOldDrafts(before) {
      const names = await readdir(folder).catch(unlessMissing);
      let removed = 0;
      for (const name of names ?? []) {
        if (!name.startsWith(draftPrefix)) continue;
        const file = path.join(folder, name);
        const found = await stat(file).catch(unlessMissing);
        if (found === null || found.mtimeMs >= before) continue;
        await rm(file, { force: true });
        removed += 1;
      }
      return removed;
    },
  };
}

const draftPrefix = 'draft-';

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;

function unlessMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

/** A full or read-only disk is the store's fault; whatever else broke off is the body's. */
function explained(error: unknown, folder: string): unknown {
  const code = codeOf(error);
  if (code === null || !['ENOSPC', 'EROFS', 'EDQUOT', 'EIO', 'EACCES'].includes(code)) return error;
  const message = `the folder ${folder} cannot be written (${code}): make room, or mend its rights`;
  return new BlobStoreError(message, code, { cause: error });
}
