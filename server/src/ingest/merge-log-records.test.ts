import type { WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { expect, test } from 'vitest';
import { mergeLogRecords } from './merge-log-records.ts';

const log = (number: number, step: number, firstLine: number, ...texts: string[]): WorkerRecord => ({
  kind: 'log',
  number,
  step,
  firstLine,
  lines: texts.map((text) => [0, 'o', text]),
});

test('joins the lines of one step and begins a new chunk with the next', () => {
  const merged = mergeLogRecords(5, [log(1, 0, 5, 'a'), log(2, 0, 6, 'b'), log(3, 1, 7, 'c')]);
  expect(merged).toEqual({
    ok: true,
    value: {
      lineCount: 3,
      chunks: [
        {
          firstLine: 5,
          step: 0,
          lines: [
            [0, 'o', 'a'],
            [0, 'o', 'b'],
          ],
        },
        { firstLine: 7, step: 1, lines: [[0, 'o', 'c']] },
      ],
    },
  });
});

test('keeps a chunk below its limit', () => {
  const many = Array.from({ length: 6_000 }, () => 'x');
  const merged = mergeLogRecords(0, [log(1, 0, 0, ...many), log(2, 0, 6_000, ...many)]);
  expect(merged.ok && merged.value.chunks.map((chunk) => chunk.lines.length)).toEqual([6_000, 6_000]);
});

test('refuses lines that do not follow the ones before', () => {
  expect(mergeLogRecords(5, [log(1, 0, 6, 'a')])).toMatchObject({
    ok: false,
    error: expect.stringContaining('goes on at line 5'),
  });
});
