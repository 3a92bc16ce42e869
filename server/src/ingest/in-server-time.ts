import type { RecordBatch, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';

/**
 * The records with their times by the server's clock. Workers' clocks may be wrong by hours, and retries, timers and
 * durations are counted from what happened; so a record is placed by how long ago it was when the batch was sent.
 */
export function inServerTime({ records, sentAt }: RecordBatch, now: number): readonly WorkerRecord[] {
  const aheadMs = sentAt === undefined ? 0 : sentAt - now;
  return records.map((record) =>
    record.kind === 'log' ? record : { ...record, at: Math.min(now, Math.round(record.at - aheadMs)) },
  );
}
