import { expect, test } from 'vitest';
import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import { styleBefore } from './line-style.ts';
import { emptyLog, withPage } from './log-buffer.ts';
import { styleAfter } from './sgr-state.ts';

test('a colour that a line leaves on is on in the next line, until something ends it', () => {
  const lines = ['\u001b[31mfirst', 'second', 'third\u001b[39m', 'fourth'];
  const openings = [''];
  for (const text of lines) openings.push(styleAfter(openings.at(-1) ?? '', text));
  expect(openings).toEqual(['', '\u001b[31m', '\u001b[31m', '', '']);
});

test.each([
  ['\u001b[1m\u001b[2m', '\u001b[22m', ''],
  ['\u001b[1;31;44m', '\u001b[49m', '\u001b[1;31m'],
  ['\u001b[38;5;208m', '\u001b[1m', '\u001b[38;5;208;1m'],
  ['\u001b[48;2;1;2;3m', '\u001b[3m', '\u001b[48;2;1;2;3;3m'],
  ['\u001b[31m', '\u001b[m', ''],
  ['\u001b[31m', '\u001b[2K\u001b[1G', '\u001b[31m'],
])('%j then %j leaves %j', (first, second, left) => {
  expect(styleAfter(styleAfter('', first), second)).toBe(left);
});

test('a colour ends with its step, and the engine’s own lines never take it', () => {
  const line = (n: number, step: number, stream: NumberedLine['stream'], text: string) => ({
    n,
    step,
    stream,
    text,
    atMs: 0,
  });
  const lines = [
    line(0, 0, 'o', '\u001b[32mgreen'),
    line(1, 0, 's', 'a word of the engine'),
    line(2, 0, 'o', 'still green'),
    line(3, 1, 'o', 'plain'),
  ];
  const log = withPage(emptyLog, { lines, total: 4, complete: true });
  expect(lines.map(({ n }) => styleBefore(log, n))).toEqual(['', '', '\u001b[32m', '']);
});
