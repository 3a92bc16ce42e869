import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import type { LogLine } from '@sluice/pipelines/protocol/worker-api';
import { sql } from 'kysely';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Database, Trx } from './database.ts';

/** Consecutive lines of one step. */
export interface LogChunk {
  readonly firstLine: number;
  readonly step: number;
  /** At least 1, at most 10,000. */
  readonly lines: readonly LogLine[];
}

export const maxChunkLines = 10_000;

const compress = promisify(deflateRaw);
const expand = promisify(inflateRaw);
const worthCompressing = 1_024;

/** One statement, whatever the number of lines. */
export async function appendLogChunks(
  trx: Trx,
  attemptId: string,
  chunks: readonly LogChunk[],
): Promise<void> {
  if (chunks.length === 0) return;
  const rows = await Promise.all(chunks.map((chunk) => rowOf(attemptId, chunk)));
  await trx.insertInto('log_chunks').values(rows).execute();
}

/** The chunk that holds line `from`, or null at the end of the log. */
export async function readLogChunk(db: Database, attemptId: string, from: number): Promise<LogChunk | null> {
  const [chunk] = await readLogChunks(db, attemptId, from, 1);
  return chunk ?? null;
}

/** Up to `limit` chunks in order, beginning with the one that holds line `from`. */
export async function readLogChunks(
  db: Database,
  attemptId: string,
  from: number,
  limit: number,
): Promise<readonly LogChunk[]> {
  const rows = await db
    .selectFrom('log_chunks')
    .select(['first_line', 'step', 'encoding', 'payload'])
    .where('attempt_id', '=', attemptId)
    .where('first_line', '>=', (chunk) =>
      // The last chunk that begins at or before `from`: one step in the index, however many chunks there are.
      chunk
        .selectFrom('log_chunks')
        .select(sql<number>`coalesce(max(first_line), 0)`.as('first_line'))
        .where('attempt_id', '=', attemptId)
        .where('first_line', '<=', from),
    )
    .where(sql<boolean>`first_line + line_count > ${from}`)
    .orderBy('first_line')
    .limit(limit)
    .execute();
  return Promise.all(rows.map(chunkOf));
}

/** Up to `limit` lines from number `from`. */
export async function readLogLines(
  db: Database,
  attemptId: string,
  from: number,
  limit: number,
): Promise<readonly NumberedLine[]> {
  const lines: NumberedLine[] = [];
  while (lines.length < limit) {
    const next = from + lines.length;
    const chunk = await readLogChunk(db, attemptId, next);
    if (chunk === null) break;
    for (const line of numberedLines(chunk, next, limit - lines.length)) lines.push(line);
  }
  return lines;
}

/** The chunk's lines from number `from` on, at most `limit`. */
export function numberedLines(chunk: LogChunk, from: number, limit: number): readonly NumberedLine[] {
  const skip = from - chunk.firstLine;
  return chunk.lines
    .slice(skip, skip + limit)
    .map(([atMs, stream, text], index) => ({ n: from + index, step: chunk.step, atMs, stream, text }));
}

async function rowOf(attemptId: string, chunk: LogChunk) {
  const json = Buffer.from(JSON.stringify(chunk.lines));
  const isLarge = json.length >= worthCompressing;
  return {
    attempt_id: attemptId,
    first_line: chunk.firstLine,
    line_count: chunk.lines.length,
    step: chunk.step,
    encoding: isLarge ? ('json-deflate' as const) : ('json' as const),
    payload: isLarge ? await compress(json, { level: 1 }) : json,
  };
}

async function chunkOf(row: {
  first_line: number;
  step: number;
  encoding: 'json' | 'json-deflate';
  payload: Buffer;
}): Promise<LogChunk> {
  const json = row.encoding === 'json' ? row.payload : await expand(row.payload);
  const lines: readonly LogLine[] = JSON.parse(json.toString());
  return { firstLine: row.first_line, step: row.step, lines };
}
