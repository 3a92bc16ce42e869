import { createHash } from 'node:crypto';
import type { Database } from '../store/database.ts';
import { readLogChunks } from '../store/log-store.ts';

export interface LogDigest {
  readonly lines: number;
  /** SHA-256 (hex) over every line's text followed by "\n". */
  readonly digest: string;
}

export const emptyLog: LogDigest = { lines: 0, digest: createHash('sha256').digest('hex') };

const chunksAtOnce = 8;

/** Counts and digests a log as it is stored, a few chunks at a time, whatever its size. */
export async function digestLog(db: Database, attemptId: string): Promise<LogDigest> {
  const hash = createHash('sha256');
  let lines = 0;
  for (;;) {
    const chunks = await readLogChunks(db, attemptId, lines, chunksAtOnce);
    if (chunks.length === 0) return { lines, digest: hash.digest('hex') };
    for (const chunk of chunks) {
      // A hole ends the count: the log is then shorter than stated and does not verify.
      if (chunk.firstLine !== lines) return { lines, digest: hash.digest('hex') };
      lines += chunk.lines.length;
      hash.update(chunk.lines.map(([, , text]) => `${text}\n`).join(''));
    }
  }
}
