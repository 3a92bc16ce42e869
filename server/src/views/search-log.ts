import { createLineTest } from '@sluice/pipelines/log/find-text';
import type { LogMatches } from '@sluice/pipelines/protocol/api';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../store/database.ts';
import { readLogChunk, type LogChunk } from '../store/log-store.ts';

export interface LogSearch {
  readonly text: string;
  /** Number of the first line to look at. */
  readonly from: number;
  /** At most so many matches in one answer. */
  readonly most: number;
}

/** Lines that one answer looks at: a few hundred milliseconds, so that whoever waits sees it advance. */
const linesPerAnswer = 500_000;

/**
 * Looks through a log chunk by chunk, holding one of them at a time and letting others have their turn in between.
 * `next` of the answer is where to go on; a log of any size is searched by asking again.
 */
export async function searchLog(db: Database, attemptId: string, search: LogSearch): Promise<LogMatches> {
  const holds = createLineTest(search.text);
  const lines: number[] = [];
  let at = search.from;
  while (lines.length < search.most && at < search.from + linesPerAnswer) {
    const chunk = await readLogChunk(db, attemptId, at);
    if (chunk === null) return { lines, next: null };
    at = searchChunk(chunk, at, search.most, holds, lines);
    await nextTurn();
  }
  return { lines, next: at };
}

/** Adds the numbers of the lines found; returns the number of the first line that was not looked at. */
function searchChunk(
  chunk: LogChunk,
  from: number,
  most: number,
  holds: (line: string) => boolean,
  found: number[],
): number {
  for (let at = from - chunk.firstLine; at < chunk.lines.length; at += 1) {
    if (found.length >= most) return chunk.firstLine + at;
    if (holds(chunk.lines[at]?.[2] ?? '')) found.push(chunk.firstLine + at);
  }
  return chunk.firstLine + chunk.lines.length;
}
