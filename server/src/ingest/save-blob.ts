// Named files of an attempt that outlive it, such as scan reports.
import type { Result } from '@sluice/pipelines/result';
import type { StoredContent } from '@sluice/pipelines/protocol/kept-files';
import type { Readable } from 'node:stream';
import { keepContent, type ContentTooLarge } from '../blobs/keep-content.ts';
import type { ServerContext } from '../context.ts';
import { inUnit } from '../orchestrator/unit.ts';
import { findAttempt, lockAttempt } from '../store/attempt-store.ts';
import { recordBlob } from '../store/blob-store.ts';
import { holdContent } from '../store/content-store.ts';
import { bumpRun } from '../store/run-store.ts';
import { checkFence, type FenceProblem } from './attempt-fence.ts';

export const largestBlobBytes = 50 * 1024 * 1024;

export type SaveProblem = FenceProblem | ContentTooLarge;

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
): Promise<Result<StoredContent, SaveProblem>> {
  const held = checkFence(attemptId, await findAttempt(context.db, attemptId), fence);
  if (!held.ok) return held;
  const kept = await keepContent(context, body, largestBlobBytes);
  if (!kept.ok) return kept;
  const { sha256, bytes } = kept.value;
  return inUnit(context, async ({ trx, at, tell }): Promise<Result<StoredContent, SaveProblem>> => {
    await bumpRun(trx, held.value.run_id, at);
    const locked = checkFence(attemptId, await lockAttempt(trx, attemptId), fence);
    if (!locked.ok) return locked;
    if ((await holdContent(trx, sha256)) === null) throw new Error(`blob ${sha256} was removed at once`);
    await recordBlob(trx, { attempt_id: attemptId, name, sha256, bytes, created_at: at });
    tell({ kind: 'run', runId: locked.value.run_id });
    return kept;
  });
}
