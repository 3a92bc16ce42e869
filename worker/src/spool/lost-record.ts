import type { WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { historyOf } from '../stages/attempt-history.ts';

/**
 * The record that ends an attempt whose process was killed and which nobody can take up again. Null when the spool no
 * longer holds the whole log: the server then notices by itself that nobody holds the attempt.
 */
export function lostRecord(
  events: readonly WorkerRecord[],
  why: string,
  at: number,
): Extract<WorkerRecord, { kind: 'finished' }> | null {
  const history = historyOf(events);
  if (history === null) return null;
  const message = `The worker's process was killed in the middle of this stage and could not take it up again: ${why}. Run it again, or name worker-lost in retry.on.`;
  return {
    kind: 'finished',
    number: history.records + 1,
    outcome: { result: 'failed', failure: { class: 'worker-lost', message, exitCode: null } },
    logLines: history.lineCount,
    logDigest: history.digest.finish(),
    at,
  };
}
