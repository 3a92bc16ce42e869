import { findAttempt } from '../store/attempt-store.ts';
import type { Database } from '../store/database.ts';
import { numberedLines, readLogChunk, type LogChunk } from '../store/log-store.ts';
import type { Send, Watch } from './watch.ts';

const linesPerMessage = 1_000;

/** Every line from number `from` on, once and in order, always read from the database; then the log's end. */
export function watchLog(db: Database, attemptId: string, from: number): Watch {
  let next = from;
  let isDone = false;

  async function bringUp(send: Send): Promise<void> {
    while (!isDone) {
      const chunk = await readLogChunk(db, attemptId, next);
      if (chunk !== null) {
        if (!(await sendChunk(send, chunk))) return;
      } else if (!(await sendEnd(send))) {
        return;
      }
    }
  }

  async function sendChunk(send: Send, chunk: LogChunk): Promise<boolean> {
    const end = chunk.firstLine + chunk.lines.length;
    while (next < end) {
      const lines = numberedLines(chunk, next, linesPerMessage);
      if (!(await send({ kind: 'log', attemptId, lines }))) return false;
      next += lines.length;
    }
    return true;
  }

  /** True when there is more to look at: the log has ended, or grew while we looked. */
  async function sendEnd(send: Send): Promise<boolean> {
    const attempt = await findAttempt(db, attemptId);
    if (attempt === undefined) {
      await send({ kind: 'problem', reason: 'no-such-attempt', message: `there is no attempt ${attemptId}` });
      isDone = true;
      return true;
    }
    if (attempt.finished_at === null) return false;
    if (attempt.log_lines > next) return true;
    isDone = true;
    return send({
      kind: 'log-complete',
      attemptId,
      lines: attempt.stated_lines ?? attempt.log_lines,
      digest: attempt.stated_digest ?? '',
      verified: attempt.verified === true,
    });
  }

  return {
    kind: 'watch-log',
    id: attemptId,
    restMs: 5,
    hears: (news) => news.kind === 'log' && news.attemptId === attemptId,
    bringUp,
  };
}
