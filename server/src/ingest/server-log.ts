// Logs that the server itself writes: those of deploy and approve stages, and why an attempt could not start.
import type { LogLine } from '@sluice/pipelines/protocol/worker-api';
import type { Unit } from '../orchestrator/unit.ts';
import {
  insertAttempts,
  lockAttempt,
  lockAttemptOf,
  updateAttempt,
  type AttemptKey,
  type AttemptStatus,
} from '../store/attempt-store.ts';
import { appendLogChunks, maxChunkLines } from '../store/log-store.ts';
import { digestLog } from './log-digest.ts';

/** Begins the log of an attempt that no worker carries out; returns the attempt's id. */
export async function openServerLog(unit: Unit, key: AttemptKey): Promise<string> {
  await insertAttempts(unit.trx, [{ ...key, id: unit.newId(), status: 'server', line: null, at: unit.at }]);
  const attempt = await lockAttemptOf(unit.trx, key);
  if (attempt === undefined) throw new Error(`attempt ${key.attempt} of ${key.stage} vanished while locked`);
  return attempt.id;
}

/** Appends the engine's own words. Nothing may be appended once the log was closed. */
export async function sayInLog(unit: Unit, attemptId: string, texts: readonly string[]): Promise<void> {
  if (texts.length === 0) return;
  const attempt = await lockAttempt(unit.trx, attemptId);
  if (attempt === undefined) return;
  const atMs = Math.max(0, unit.at - (attempt.started_at ?? attempt.created_at));
  const lines = texts.flatMap((text) => text.split('\n')).map((text): LogLine => [atMs, 's', text]);
  for (let start = 0; start < lines.length; start += maxChunkLines) {
    const chunk = {
      firstLine: attempt.log_lines + start,
      step: -1,
      lines: lines.slice(start, start + maxChunkLines),
    };
    await appendLogChunks(unit.trx, attemptId, [chunk]);
  }
  await updateAttempt(unit.trx, attemptId, { log_lines: attempt.log_lines + lines.length });
  unit.tell({ kind: 'log', attemptId });
}

/** Ends the log and states what it holds. Closing it again changes nothing. */
export async function closeServerLog(
  unit: Unit,
  attemptId: string,
  status: Extract<AttemptStatus, 'finished' | 'lost' | 'over'>,
): Promise<void> {
  const attempt = await lockAttempt(unit.trx, attemptId);
  if (attempt === undefined || attempt.finished_at !== null) return;
  const { lines, digest } = await digestLog(unit.trx, attemptId);
  await updateAttempt(unit.trx, attemptId, {
    status,
    finished_at: unit.at,
    lease_until: null,
    stated_lines: lines,
    stated_digest: digest,
    verified: lines === attempt.log_lines,
  });
  unit.tell({ kind: 'log', attemptId });
}
