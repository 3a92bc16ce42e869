// The lines of one attempt's log that this browser holds, by number. A log of a million lines is never held
// whole: lines are kept in chunks, loaded around what is looked at and dropped again far away from it.
import type { LogPage, NumberedLine } from '@sluice/pipelines/protocol/api';

export const chunkLines = 500;

type Chunk = readonly (NumberedLine | undefined)[];

export interface LogBuffer {
  /** How many lines the log is known to have; they are numbered 0 … total − 1. */
  readonly total: number;
  /** How many of them are held. */
  readonly loaded: number;
  readonly chunks: ReadonlyMap<number, Chunk>;
}

export const emptyLog: LogBuffer = { total: 0, loaded: 0, chunks: new Map() };

export function lineAt(log: LogBuffer, n: number): NumberedLine | undefined {
  return log.chunks.get(Math.floor(n / chunkLines))?.[n % chunkLines];
}

/** Adds a page that was asked for; lines that are held already stay as they are. */
export function withPage(log: LogBuffer, page: LogPage): LogBuffer {
  const total = Math.max(log.total, page.total);
  return put({ ...log, total }, page.lines);
}

export type TailResult =
  | { readonly kind: 'added'; readonly log: LogBuffer }
  /** Lines between `from` and what arrived are missing: watch again from there. */
  | { readonly kind: 'gap'; readonly from: number };

/** Adds lines at the end. Repeated ones are dropped; a gap is refused. */
export function withTail(log: LogBuffer, lines: readonly NumberedLine[]): TailResult {
  const fresh = lines.filter((line) => line.n >= log.total);
  const first = fresh[0];
  if (first === undefined) return { kind: 'added', log };
  if (first.n > log.total) return { kind: 'gap', from: log.total };
  return { kind: 'added', log: put({ ...log, total: log.total + fresh.length }, fresh) };
}

/** First missing stretch inside [from, to), widened to whole chunks; null when all of it is held. */
export function missingIn(
  log: LogBuffer,
  from: number,
  to: number,
): { readonly from: number; readonly limit: number } | null {
  const end = Math.min(to, log.total);
  for (let n = Math.max(0, from); n < end; n += 1) {
    if (lineAt(log, n) !== undefined) continue;
    const start = Math.floor(n / chunkLines) * chunkLines;
    return { from: start, limit: Math.min(chunkLines, log.total - start) };
  }
  return null;
}

/** Drops the chunks farthest from line `around` until at most `keep` lines are held; the end is always kept. */
export function evictFarFrom(log: LogBuffer, around: number, keep: number): LogBuffer {
  if (log.loaded <= keep) return log;
  const tail = Math.floor(Math.max(0, log.total - 1) / chunkLines);
  const here = around / chunkLines;
  const byDistance = [...log.chunks.keys()]
    .filter((index) => index < tail - 1)
    .toSorted((a, b) => Math.abs(b - here) - Math.abs(a - here));
  const chunks = new Map(log.chunks);
  let loaded = log.loaded;
  for (const index of byDistance) {
    if (loaded <= keep) break;
    loaded -= heldIn(chunks.get(index));
    chunks.delete(index);
  }
  return { ...log, chunks, loaded };
}

function put(log: LogBuffer, lines: readonly NumberedLine[]): LogBuffer {
  if (lines.length === 0) return log;
  const chunks = new Map(log.chunks);
  const writable = new Map<number, (NumberedLine | undefined)[]>();
  let loaded = log.loaded;
  for (const line of lines) {
    const index = Math.floor(line.n / chunkLines);
    let chunk = writable.get(index);
    if (chunk === undefined) {
      chunk = [...(chunks.get(index) ?? [])];
      writable.set(index, chunk);
      chunks.set(index, chunk);
    }
    if (chunk[line.n % chunkLines] !== undefined) continue;
    chunk[line.n % chunkLines] = line;
    loaded += 1;
  }
  return { ...log, chunks, loaded };
}

function heldIn(chunk: Chunk | undefined): number {
  return chunk?.filter((line) => line !== undefined).length ?? 0;
}
