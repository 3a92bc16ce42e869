import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { createLineSplitter, cutMark, longestLine } from './line-splitter.ts';

const linesOf = (chunks: readonly Buffer[]): string[] => {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  chunks.forEach(splitter.write);
  splitter.end();
  return lines;
};
const cutAt = (text: Buffer, cuts: readonly number[]): Buffer[] => {
  const borders = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
  return borders.slice(1).map((end, at) => text.subarray(borders[at], end));
};

test('lines end with LF or CR LF, and the last one needs no end', () => {
  expect(linesOf([Buffer.from('a\nb\r\n\nlast')])).toEqual(['a', 'b', '', 'last']);
});

test('a character that is cut by a chunk border arrives whole', () => {
  const text = Buffer.from('größer 漢字 😀\n');
  expect(linesOf([...text].map((byte) => Buffer.from([byte])))).toEqual(['größer 漢字 😀']);
});

test('bytes that are no text become U+FFFD, and so does NUL', () => {
  expect(linesOf([Buffer.from([0x61, 0xff, 0x00, 0x62, 10])])).toEqual(['a\uFFFD\uFFFDb']);
});

test('a line of more than 64 KiB is cut between characters and marked', () => {
  const lines = linesOf([Buffer.from('é'.repeat(longestLine)), Buffer.from('\n')]);
  expect(lines.length).toBe(2);
  expect(lines[0]).toBe('é'.repeat(longestLine / 2) + cutMark);
  expect(lines[1]).toBe('é'.repeat(longestLine / 2));
});

const bytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value));

test.prop([bytes, fc.array(fc.nat(200), { maxLength: 8 })])(
  'the lines do not depend on where chunks end',
  (text, cuts) => {
    expect(linesOf(cutAt(text, cuts))).toEqual(linesOf([text]));
  },
);

test.prop([
  fc.integer({ min: longestLine - 3, max: longestLine + 3 }),
  fc.nat(longestLine),
  fc.constantFrom('\n', '\r\n', ''),
])('a line around the limit is the same however it is cut', (length, cut, end) => {
  const text = Buffer.from('漢'.repeat(length / 3) + 'x'.repeat(length % 3) + end);
  expect(linesOf(cutAt(text, [cut]))).toEqual(linesOf([text]));
});
