// What the server has of an attempt, for the worker that takes it over from another.
import { failure, type AttemptPast, type PastChunk } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { StepState } from '@sluice/pipelines/run/run-state';
import type { ServerContext } from '../context.ts';
import { findAttempt } from '../store/attempt-store.ts';
import { readLogChunks } from '../store/log-store.ts';
import { findRun, isPlanned } from '../store/run-store.ts';
import type { IngestProblem } from './ingest-records.ts';

export interface KnownPast {
  readonly past: AttemptPast;
  /** Every line that is stored, in order; a few chunks in memory at a time. */
  readonly chunks: () => AsyncGenerator<PastChunk>;
}

const chunksAtOnce = 8;

/** Only for who holds the attempt with this fence: until it reports, nothing of it changes. */
export async function readAttemptPast(
  context: ServerContext,
  attemptId: string,
  fence: number,
): Promise<Result<KnownPast, IngestProblem>> {
  const attempt = await findAttempt(context.db, attemptId);
  if (attempt === undefined) {
    return err({ reason: 'unknown-attempt', message: `there is no attempt ${attemptId}` });
  }
  if (attempt.status !== 'held' || attempt.fence !== fence) {
    const message = `attempt ${attemptId} is not held with fence ${fence}`;
    return err({ reason: 'stale-fence', message });
  }
  const run = await findRun(context.db, attempt.run_id);
  const stage = run !== null && isPlanned(run) ? run.content.state.stages[attempt.stage] : undefined;
  const steps = stage?.status === 'running' ? stage.steps : [];
  const past: AttemptPast = {
    records: attempt.acknowledged,
    lines: attempt.log_lines,
    startedAt: attempt.started_at ?? attempt.created_at,
    endedSteps: steps.flatMap((step, index) => (hasEnded(step) ? [index] : [])),
    openStep: openStep(steps),
    failure: attempt.first_failure === null ? null : failure.parse(JSON.parse(attempt.first_failure)),
  };
  return ok({ past, chunks: () => chunksOf(context, attemptId, attempt.log_lines) });
}

const hasEnded = ({ status }: StepState): boolean => status !== 'waiting' && status !== 'running';

function openStep(steps: readonly StepState[]): AttemptPast['openStep'] {
  for (const [index, step] of steps.entries()) {
    if (step.status !== 'running') continue;
    if (step.try === undefined) return { index, startedAt: step.startedAt };
    const { startedAt, ...newest } = step.try;
    return { index, startedAt, try: newest };
  }
  return null;
}

async function* chunksOf({ db }: ServerContext, attemptId: string, lines: number): AsyncGenerator<PastChunk> {
  for (let next = 0; next < lines;) {
    const chunks = await readLogChunks(db, attemptId, next, chunksAtOnce);
    if (chunks.length === 0) return; // shorter than stated: the reader counts, and refuses
    for (const chunk of chunks) {
      yield { step: chunk.step, lines: chunk.lines };
      next = chunk.firstLine + chunk.lines.length;
    }
  }
}
