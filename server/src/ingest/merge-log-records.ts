import type { LogLine, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { maxChunkLines, type LogChunk } from '../store/log-store.ts';

export interface MergedLog {
  readonly chunks: readonly LogChunk[];
  readonly lineCount: number;
}

/**
 * Joins the log records of a batch into as few chunks as their steps allow. `firstLine`: number of lines that
 * the log has already. The error is a record whose lines would not follow the ones before.
 */
export function mergeLogRecords(
  firstLine: number,
  records: readonly WorkerRecord[],
): Result<MergedLog, string> {
  const chunks: { firstLine: number; step: number; lines: LogLine[] }[] = [];
  let next = firstLine;
  for (const record of records) {
    if (record.kind !== 'log') continue;
    if (record.firstLine !== next) {
      return err(
        `record ${record.number} begins with line ${record.firstLine}, but the log goes on at line ${next}`,
      );
    }
    const open = chunks.at(-1);
    if (open?.step === record.step && open.lines.length + record.lines.length <= maxChunkLines) {
      for (const line of record.lines) open.lines.push(line);
    } else {
      chunks.push({ firstLine: next, step: record.step, lines: [...record.lines] });
    }
    next += record.lines.length;
  }
  return ok({ chunks, lineCount: next - firstLine });
}
