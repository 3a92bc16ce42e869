import type { RecordAck, RecordBatch, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, unreachable, type Result } from '@sluice/pipelines/result';
import type { RunEvent } from '@sluice/pipelines/run/run-state';
import type { ServerContext } from '../context.ts';
import { foldRun } from '../orchestrator/fold-run.ts';
import { logLinesStored, logsUnverified } from '../orchestrator/metrics.ts';
import { inUnit, type Unit } from '../orchestrator/unit.ts';
import { findAttempt, lockAttempt, updateAttempt, type Attempt } from '../store/attempt-store.ts';
import { appendLogChunks } from '../store/log-store.ts';
import { isPlanned, lockRun, type PlannedRun } from '../store/run-store.ts';
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
): Promise<Result<RecordAck, IngestProblem>> {
  let last: Result<RecordAck, IngestProblem> | undefined;
  for (const records of splitBeforeEnd(batch.records)) {
    last = await ingestPart(context, attemptId, batch.fence, records);
    if (!last.ok) return last;
  }
  return last ?? err({ reason: 'unknown-attempt', message: 'an empty batch' });
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
  attemptId: string,
  fence: number,
  records: readonly WorkerRecord[],
): Promise<Result<RecordAck, IngestProblem>> {
  const known = await findAttempt(context.db, attemptId);
  if (known === undefined) {
    return err({ reason: 'unknown-attempt', message: `there is no attempt ${attemptId}` });
  }
  const changesRun = records.some((record) => record.kind !== 'log');
  const isEnd = records.some((record) => record.kind === 'finished') && known.finished_at === null;
  const stored = !isEnd ? null : known.log_lines === 0 ? emptyLog : await digestLog(context.db, attemptId);
  return inUnit(context, async (unit) => {
    const run = changesRun ? await lockRun(unit.trx, known.run_id) : null;
    const attempt = await lockAttempt(unit.trx, attemptId);
    if (attempt === undefined || attempt.fence !== fence || !isReporting(attempt)) {
      return err(staleFence(attemptId, fence));
    }
    if (attempt.status === 'finished') return ok(acknowledge(attempt, attempt.acknowledged));
    const fresh = records.filter((record) => record.number > attempt.acknowledged);
    const [first] = fresh;
    if (first === undefined || first.number !== attempt.acknowledged + 1) {
      return ok(acknowledge(attempt, attempt.acknowledged));
    }
    return store(unit, { attempt, run: run !== null && isPlanned(run) ? run : null, stored }, fresh);
  });
}

const isReporting = (attempt: Attempt): boolean => attempt.status === 'held' || attempt.status === 'finished';

const staleFence = (attemptId: string, fence: number): IngestProblem => ({
  reason: 'stale-fence',
  message: `attempt ${attemptId} is no longer held with fence ${fence}: stop it, clean up and report nothing more`,
});

const acknowledge = (attempt: Attempt, acknowledged: number): RecordAck => ({
  acknowledged,
  cancel: attempt.cancel_reason,
});

interface Held {
  readonly attempt: Attempt;
  readonly run: PlannedRun | null;
  readonly stored: LogDigest | null;
}

async function store(
  unit: Unit,
  { attempt, run, stored }: Held,
  fresh: readonly WorkerRecord[],
): Promise<Result<RecordAck, IngestProblem>> {
  const merged = mergeLogRecords(attempt.log_lines, fresh);
  if (!merged.ok) return err({ reason: 'gap-in-log', message: merged.error });
  const { chunks, lineCount } = merged.value;
  await appendLogChunks(unit.trx, attempt.id, chunks);
  const acknowledged = attempt.acknowledged + fresh.length;
  await updateAttempt(unit.trx, attempt.id, {
    acknowledged,
    log_lines: attempt.log_lines + lineCount,
    ...endOf(unit, fresh, stored),
  });
  if (run !== null)
    await foldRun(
      unit,
      run,
      fresh.flatMap((record) => eventsOf(attempt, record)),
    );
  if (lineCount > 0 || stored !== null) unit.tell({ kind: 'log', attemptId: attempt.id });
  logLinesStored.inc(lineCount);
  return ok(acknowledge(attempt, acknowledged));
}

function endOf(unit: Unit, fresh: readonly WorkerRecord[], stored: LogDigest | null): Partial<Attempt> {
  const end = fresh.find((record) => record.kind === 'finished');
  if (end === undefined || stored === null) return {};
  const verified = end.logLines === stored.lines && end.logDigest === stored.digest;
  if (!verified) logsUnverified.inc();
  return {
    status: 'finished',
    finished_at: unit.at,
    lease_until: null,
    stated_lines: end.logLines,
    stated_digest: end.logDigest,
    verified,
  };
}

function eventsOf(attempt: Attempt, record: WorkerRecord): readonly RunEvent[] {
  const place = { stage: attempt.stage, attempt: attempt.number };
  switch (record.kind) {
    case 'log':
      return [];
    case 'step-started':
      return [{ kind: 'step-started', ...place, step: record.step, at: record.at }];
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
