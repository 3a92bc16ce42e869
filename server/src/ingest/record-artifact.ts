import type { ArtifactReport } from '@sluice/pipelines/protocol/kept-files';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { inUnit } from '../orchestrator/unit.ts';
import { putArtifact } from '../store/artifact-store.ts';
import { findAttempt, lockAttempt } from '../store/attempt-store.ts';
import { holdContent } from '../store/content-store.ts';
import { bumpRun } from '../store/run-store.ts';
import { checkFence, type FenceProblem } from './attempt-fence.ts';

export interface NoContent {
  readonly reason: 'no-content';
  readonly message: string;
}

/** Names content that the worker has just uploaded as the artifact of its attempt. */
export async function recordArtifact(
  context: ServerContext,
  attemptId: string,
  report: ArtifactReport,
): Promise<Result<{ readonly id: string }, FenceProblem | NoContent>> {
  const held = checkFence(attemptId, await findAttempt(context.db, attemptId), report.fence);
  if (!held.ok) return held;
  return inUnit(context, async ({ trx, at, newId, tell }) => {
    await bumpRun(trx, held.value.run_id, at);
    const locked = checkFence(attemptId, await lockAttempt(trx, attemptId), report.fence);
    if (!locked.ok) return locked;
    const content = await holdContent(trx, report.sha256);
    if (content === null) return err(noContent(report.sha256));
    const { run_id, stage, number } = locked.value;
    const id = await putArtifact(trx, {
      id: newId(),
      run_id,
      stage,
      attempt: number,
      sha256: report.sha256,
      bytes: content.bytes,
      unpacked_bytes: report.unpackedBytes,
      file_count: report.fileCount,
      files: report.files,
      created_at: at,
      expires_at: at + report.keepMs,
    });
    tell({ kind: 'run', runId: run_id });
    return ok({ id });
  });
}

export const noContent = (sha256: string): NoContent => ({
  reason: 'no-content',
  message: `content ${sha256} is not stored, or not any more: upload it again`,
});
