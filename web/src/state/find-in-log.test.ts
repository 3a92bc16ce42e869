import { expect, test } from 'vitest';
import { emptyLog, withTail } from './log-buffer.ts';
import { findInLog } from './find-in-log.ts';
import { readTargetLine } from './target-line.ts';
import { findStepStart } from './step-starts.ts';

const text = ['npm ci', '\u001b[31mError\u001b[0m: no space', 'error again', 'done'];
const held = withTail(
  emptyLog,
  text.map((line, n) => ({ n, step: 0, atMs: 0, stream: 'o' as const, text: line })),
);

test('search ignores case and colours', () => {
  if (held.kind === 'gap') throw new Error('the lines have no gap');
  expect(findInLog(held.log, 'ERROR')).toEqual([1, 2]);
  expect(findInLog(held.log, 'error: no')).toEqual([1]);
  expect(findInLog(held.log, '')).toEqual([]);
});

test('an address names a line from 1, and nothing else is taken for one', () => {
  expect(readTargetLine('#L123')).toBe(122);
  expect(['', '#L0', '#L-1', '#L1x', '#x'].map(readTargetLine)).toEqual([null, null, null, null, null]);
});

test('the first line of a step is found in a million lines with few reads', async () => {
  let reads = 0;
  const read = (n: number) => {
    reads += 1;
    const step = n < 3 || n >= 999_990 ? -1 : Math.floor(n / 250_000);
    return Promise.resolve({ n, step, atMs: 0, stream: 'o' as const, text: '' });
  };
  expect(await findStepStart(2, 1_000_000, 3, read)).toBe(500_000);
  expect(await findStepStart(0, 1_000_000, 3, read)).toBe(3);
  expect(await findStepStart(7, 1_000_000, 3, read)).toBeNull();
  expect(reads).toBeLessThan(80);
});
