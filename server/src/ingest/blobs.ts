// Files that outlive an attempt, in a folder, named by what they hold.
import { err, ok, type Result } from '@sluice/pipelines/result';
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ServerContext } from '../context.ts';
import { inUnit } from '../orchestrator/unit.ts';
import { findAttempt, lockAttempt } from '../store/attempt-store.ts';
import { recordBlob } from '../store/blob-store.ts';
import { bumpRun } from '../store/run-store.ts';

export const largestBlobBytes = 50 * 1024 * 1024;

export interface SaveProblem {
  readonly reason: 'unknown-attempt' | 'stale-fence' | 'too-large';
  readonly message: string;
}

export interface BlobToSave {
  readonly attemptId: string;
  readonly name: string;
  readonly fence: number;
  readonly body: Readable;
}

/** Stores the file before its name, so that a name always leads to a whole file. */
export async function saveBlob(
  context: ServerContext,
  { attemptId, name, fence, body }: BlobToSave,
): Promise<Result<{ readonly sha256: string; readonly bytes: number }, SaveProblem>> {
  const attempt = await findAttempt(context.db, attemptId);
  if (attempt === undefined) {
    return err({ reason: 'unknown-attempt', message: `there is no attempt ${attemptId}` });
  }
  if (!holds(attempt, fence)) return err(staleFence(attemptId, fence));
  const written = await writeBlob(context.blobDir, body);
  if (!written.ok) return written;
  return inUnit(context, async ({ trx, at, tell }): Promise<Result<typeof written.value, SaveProblem>> => {
    await bumpRun(trx, attempt.run_id, at);
    const locked = await lockAttempt(trx, attemptId);
    if (locked === undefined || !holds(locked, fence)) return err(staleFence(attemptId, fence));
    await recordBlob(trx, { attempt_id: attemptId, name, ...written.value, created_at: at });
    tell({ kind: 'run', runId: locked.run_id });
    return written;
  });
}

/** Rejects when the file is not there. */
export async function openBlob(blobDir: string, sha256: string): Promise<Readable> {
  const file = await open(placeOf(blobDir, sha256));
  return file.createReadStream();
}

const holds = (attempt: { status: string; fence: number }, fence: number): boolean =>
  attempt.status === 'held' && attempt.fence === fence;

const staleFence = (attemptId: string, fence: number): SaveProblem => ({
  reason: 'stale-fence',
  message: `attempt ${attemptId} is no longer held with fence ${fence}: stop it, clean up and report nothing more`,
});

const placeOf = (blobDir: string, sha256: string): string => path.join(blobDir, sha256.slice(0, 2), sha256);

async function writeBlob(
  blobDir: string,
  body: Readable,
): Promise<Result<{ readonly sha256: string; readonly bytes: number }, SaveProblem>> {
  await mkdir(blobDir, { recursive: true });
  const draft = path.join(blobDir, `draft-${randomUUID()}`);
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > largestBlobBytes) {
        done(new BlobTooLargeError());
        return;
      }
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(body, measure, createWriteStream(draft, { mode: 0o600, flush: true }));
    const sha256 = hash.digest('hex');
    const place = placeOf(blobDir, sha256);
    await mkdir(path.dirname(place), { recursive: true });
    await rename(draft, place);
    return ok({ sha256, bytes });
  } catch (error) {
    await rm(draft, { force: true });
    if (!(error instanceof BlobTooLargeError)) throw error;
    return err({ reason: 'too-large', message: `a file may hold at most ${largestBlobBytes} bytes` });
  }
}

/** Thrown inside the stream when a file grows beyond the limit. */
class BlobTooLargeError extends Error {}
