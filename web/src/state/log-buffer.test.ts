import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import { expect, test } from 'vitest';
import {
  chunkLines,
  emptyLog,
  evictFarFrom,
  lineAt,
  missingIn,
  withPage,
  withTail,
  type LogBuffer,
} from './log-buffer.ts';

const lines = (from: number, to: number): readonly NumberedLine[] =>
  Array.from({ length: to - from }, (_, index) => ({
    n: from + index,
    step: 0,
    atMs: 0,
    stream: 'o' as const,
    text: `line ${from + index}`,
  }));

function tail(log: LogBuffer, from: number, to: number): LogBuffer {
  const result = withTail(log, lines(from, to));
  if (result.kind === 'gap') throw new Error(`gap at ${result.from}`);
  return result.log;
}

test('lines of the tail are kept by their number, and repeated ones are dropped', () => {
  const log = tail(tail(emptyLog, 0, 10), 5, 14);
  expect(log.total).toBe(14);
  expect(log.loaded).toBe(14);
  expect(lineAt(log, 13)?.text).toBe('line 13');
});

test('a tail that leaves a gap is refused and says where to go on', () => {
  expect(withTail(tail(emptyLog, 0, 10), lines(12, 15))).toEqual({ kind: 'gap', from: 10 });
});

test('a page in the middle of a long log leaves the rest unloaded, and what is missing can be asked for', () => {
  const log = withPage(emptyLog, { lines: lines(1_000, 1_500), total: 1_000_000, complete: true });
  expect(log.total).toBe(1_000_000);
  expect(lineAt(log, 999)).toBeUndefined();
  expect(missingIn(log, 1_000, 1_500)).toBeNull();
  expect(missingIn(log, 1_490, 1_510)).toEqual({ from: 1_500, limit: chunkLines });
  expect(missingIn(log, 999_990, 1_000_010)).toEqual({ from: 999_500, limit: chunkLines });
});

test('the end of the log is asked for only up to its last line', () => {
  const log = withPage(emptyLog, { lines: [], total: 1_003, complete: true });
  expect(missingIn(log, 1_001, 1_003)).toEqual({ from: 1_000, limit: 3 });
});

test('adding does not change the buffer that it was added to', () => {
  const before = tail(emptyLog, 0, 10);
  tail(before, 10, 20);
  expect(before.total).toBe(10);
  expect(lineAt(before, 12)).toBeUndefined();
});

test('far lines are forgotten, near ones and the end are kept', () => {
  const log = evictFarFrom(tail(emptyLog, 0, 20_000), 1_000, 5_000);
  expect(log.loaded).toBeLessThanOrEqual(5_000);
  expect(log.total).toBe(20_000);
  expect(lineAt(log, 1_000)?.text).toBe('line 1000');
  expect(lineAt(log, 19_999)?.text).toBe('line 19999');
  expect(lineAt(log, 10_000)).toBeUndefined();
});

test('a million lines are taken in within seconds and without holding all of them', () => {
  let log = emptyLog;
  for (let from = 0; from < 1_000_000; from += 2_000) {
    log = evictFarFrom(tail(log, from, from + 2_000), from, 200_000);
  }
  expect(log.total).toBe(1_000_000);
  expect(log.loaded).toBeLessThanOrEqual(200_000);
});
