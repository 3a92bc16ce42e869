// What refers to the files of the blob store is in the database; this keeps the two together.
//
// A file is published, and removed, only while its row in `contents` is locked: what is being removed cannot be
// published at the same time, nor the other way round. Between its publishing and the first row that refers to it
// a file is safe for an hour, by the time that it was last stored.
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { StoredContent } from '@sluice/pipelines/protocol/kept-files';
import type { ServerContext } from '../context.ts';
import { deleteContent, listUnusedContents, lockContent, lockUnusedContent } from '../store/content-store.ts';

/** How long a file stays without anything that refers to it. */
export const unusedContentMs = 3_600_000;
/** A draft this old was left by a process that is dead: no upload takes so long. */
const oldDraftMs = 24 * 3_600_000;

export interface ContentTooLarge {
  readonly reason: 'too-large';
  readonly message: string;
}

type Needs = Pick<ServerContext, 'db' | 'blobs' | 'now'>;

/** Streams the body into the store. The caller refers to it within the hour, or it goes again. */
export async function keepContent(
  { db, blobs, now }: Needs,
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<Result<StoredContent, ContentTooLarge>> {
  const written = await blobs.write(body, limitBytes);
  if (!written.ok) {
    return err({ reason: 'too-large', message: `a file may hold at most ${limitBytes} bytes` });
  }
  const draft = written.value;
  const { sha256, bytes } = draft;
  try {
    await db.transaction().execute(async (trx) => {
      await lockContent(trx, { sha256, bytes, stored_at: now() });
      await draft.publish();
    });
  } catch (error) {
    await draft.discard().catch(() => undefined); // the sweep finds it
    throw error;
  }
  return ok({ sha256, bytes });
}

/** Removes files that nothing refers to any more, and old drafts; returns how many files. */
export async function removeUnusedContents({ db, blobs, now }: Needs): Promise<number> {
  const before = now() - unusedContentMs;
  let removed = 0;
  for (const sha256 of await listUnusedContents(db, before)) {
    await db.transaction().execute(async (trx) => {
      if (!(await lockUnusedContent(trx, sha256, before))) return;
      await blobs.remove(sha256);
      await deleteContent(trx, sha256);
      removed += 1;
    });
  }
  await blobs.removeOldDrafts(now() - oldDraftMs);
  return removed;
}
