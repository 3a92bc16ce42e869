import type { RecordAck, RecordBatch, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, unreachable, type Result } from '@sluice/pipelines/result';
import type { RunEvent } from '@sluice/pipelines/run/run-state';
import type { ServerContext } from '../context.ts';
import { logLinesStored, logsUnverified } from '../orchestrator/metrics.ts';
import type { Decision } from '../orchestrator/run-change.ts';
import { inUnit } from '../orchestrator/unit.ts';
import { doorOfOne, type WorkerDoor } from '../orchestrator/worker-door.ts';
import { lockAttempt, updateAttempt, type Attempt } from '../store/attempt-store.ts';
import { appendLogChunks } from '../store/log-store.ts';
import { inServerTime } from './in-server-time.ts';
import { digestLog, emptyLog, type LogDigest } from './log-digest.ts';
import { mergeLogRecords } from './merge-log-records.ts';

export interface IngestProblem {
  readonly reason: 'stale-fence' | 'unknown-attempt' | 'gap-in-log';
  readonly message: string;
}

/**
 * Stores what a worker reports: each record once, in order, events folded in the transaction that
 * acknowledges them. A record that the server already has is acknowledged again; one that would leave a gap
 * is not stored, and the acknowledgement says where to go on.
 */
export async function ingestRecords(
  context: ServerContext,
  attemptId: string,
  batch: RecordBatch,
  door: WorkerDoor = doorOfOne(context),
): Promise<Result<RecordAck, IngestProblem>> {
  let last: Result<RecordAck, IngestProblem> | undefined;
  for (const records of splitBeforeEnd(inServerTime(batch, context.now()))) {
    last = await ingestPart(context, { attemptId, fence: batch.fence, records }, door);
    if (!last.ok) return last;
  }
  return last ?? err({ reason: 'unknown-attempt', message: 'an empty batch' });
}

interface Report {
  readonly attemptId: string;
  readonly fence: number;
  readonly records: readonly WorkerRecord[];
}

/** The end of a log is checked against what is stored, so everything before it is stored first. */
function splitBeforeEnd(records: readonly WorkerRecord[]): readonly (readonly WorkerRecord[])[] {
  const end = records.findIndex((record) => record.kind === 'finished');
  if (end === -1) return [records];
  if (end === 0) return [records.slice(0, 1)];
  return [records.slice(0, end), records.slice(end, end + 1)];
}

async function ingestPart(
  context: ServerContext,
  { attemptId, fence, records }: Report,
  door: WorkerDoor,
): Promise<Result<RecordAck, IngestProblem>> {
  if (records.every((record) => record.kind === 'log'))
    return ingestLog(context, { attemptId, fence, records });
  const isEnd = records.some((record) => record.kind === 'finished');
  const stored = isEnd ? await digestStored(context, await door.findAttempt(attemptId)) : null;
  const runId = await door.runOf(attemptId);
  if (runId === undefined) return err(unknownAttempt(attemptId));
  const answer = await door.change({
    runId,
    attempt: { id: attemptId },
    decide: ({ attempt, at }) => decideReport(attempt, { attemptId, fence, records }, stored, at),
  });
  return answer ?? err(unknownAttempt(attemptId));
}

/** Null for an attempt whose end is known already. */
async function digestStored({ db }: ServerContext, attempt: Attempt | undefined): Promise<LogDigest | null> {
  if (attempt === undefined || attempt.finished_at !== null) return null;
  return attempt.log_lines === 0 ? emptyLog : digestLog(db, attempt.id);
}

/** Log lines alone change no run: they are stored beside whatever else happens to it. */
function ingestLog(context: ServerContext, report: Report): Promise<Result<RecordAck, IngestProblem>> {
  return inUnit(context, async (unit) => {
    const attempt = await lockAttempt(unit.trx, report.attemptId);
    if (attempt === undefined) return err(unknownAttempt(report.attemptId));
    const decision = decideReport(attempt, report, null, unit.at);
    await appendLogChunks(unit.trx, attempt.id, decision.chunks ?? []);
    if (decision.attempt !== undefined) await updateAttempt(unit.trx, attempt.id, decision.attempt);
    for (const message of decision.news ?? []) unit.tell(message);
    decision.onStored?.();
    return decision.answer;
  });
}

function decideReport(
  attempt: Attempt,
  { attemptId, fence, records }: Report,
  stored: LogDigest | null,
  at: number,
): Decision<Result<RecordAck, IngestProblem>> {
  if (attempt.fence !== fence || !isReporting(attempt)) return { answer: err(staleFence(attemptId, fence)) };
  const fresh = records.filter((record) => record.number > attempt.acknowledged);
  const [first] = fresh;
  if (attempt.status === 'finished' || first?.number !== attempt.acknowledged + 1)
    return { answer: ok(acknowledge(attempt, attempt.acknowledged)) };
  const merged = mergeLogRecords(attempt.log_lines, fresh);
  if (!merged.ok) return { answer: err({ reason: 'gap-in-log', message: merged.error }) };
  const { chunks, lineCount } = merged.value;
  const acknowledged = attempt.acknowledged + fresh.length;
  const end = endOf(fresh, stored, at);
  return {
    answer: ok(acknowledge(attempt, acknowledged)),
    attempt: {
      acknowledged,
      log_lines: attempt.log_lines + lineCount,
      first_failure: attempt.first_failure ?? firstFailure(fresh),
      ...end,
    },
    events: fresh.flatMap((record) => eventsOf(attempt, record)),
    chunks,
    news: lineCount > 0 || stored !== null ? [{ kind: 'log', attemptId }] : [],
    onStored: () => {
      logLinesStored.inc(lineCount);
      if (end.verified === false) logsUnverified.inc();
    },
  };
}

/** For a worker that takes the attempt over: the stage fails for what failed first. */
function firstFailure(records: readonly WorkerRecord[]): string | null {
  for (const record of records) {
    if (record.kind === 'step-finished' && record.failure !== null) return JSON.stringify(record.failure);
  }
  return null;
}

const unknownAttempt = (attemptId: string): IngestProblem => ({
  reason: 'unknown-attempt',
  message: `there is no attempt ${attemptId}`,
});

const isReporting = (attempt: Attempt): boolean => attempt.status === 'held' || attempt.status === 'finished';

const staleFence = (attemptId: string, fence: number): IngestProblem => ({
  reason: 'stale-fence',
  message: `attempt ${attemptId} is no longer held with fence ${fence}: stop it, clean up and report nothing more`,
});

const acknowledge = (attempt: Attempt, acknowledged: number): RecordAck => ({
  acknowledged,
  cancel: attempt.cancel_reason,
});

function endOf(
  fresh: readonly WorkerRecord[],
  stored: LogDigest | null,
  at: number,
): Partial<
  Pick<Attempt, 'status' | 'finished_at' | 'lease_until' | 'stated_lines' | 'stated_digest' | 'verified'>
> {
  const end = fresh.find((record) => record.kind === 'finished');
  if (end === undefined || stored === null) return {};
  return {
    status: 'finished',
    finished_at: at,
    lease_until: null,
    stated_lines: end.logLines,
    stated_digest: end.logDigest,
    verified: end.logLines === stored.lines && end.logDigest === stored.digest,
  };
}

function eventsOf(attempt: Attempt, record: WorkerRecord): readonly RunEvent[] {
  const place = { stage: attempt.stage, attempt: attempt.number };
  switch (record.kind) {
    case 'log':
      return [];
    case 'step-started':
      return [
        {
          kind: 'step-started',
          ...place,
          step: record.step,
          ...(record.try === undefined ? {} : { try: record.try }),
          at: record.at,
        },
      ];
    case 'step-finished': {
      const { step, result, exitCode, at } = record;
      return [{ kind: 'step-finished', ...place, step, result, exitCode, at }];
    }
    case 'finished':
      return [{ kind: 'stage-finished', ...place, outcome: record.outcome, at: record.at }];
    default:
      return unreachable(record);
  }
}
