import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { markedOutput } from './marked-output.ts';

const mark = 'abab-mark';
// Made of the mark's own pieces, so that beginnings of it are everywhere.
const text = fc
  .array(fc.constantFrom('a', 'b', 'ab', '-', 'abab', 'abab-mar', '\n', 'x'), { maxLength: 30 })
  .map((pieces) => pieces.join(''))
  .filter((written) => !`${written}${mark}`.slice(0, -1).includes(mark));

test.prop([text, text, fc.integer({ min: 1, max: 12 })])(
  'all bytes between the marks are passed on and nothing else, however they are cut',
  async (before, written, size) => {
    const passed: Buffer[] = [];
    const output = markedOutput(mark, (chunk) => passed.push(Buffer.from(chunk)));
    const bytes = Buffer.from(`${before}${mark} begin\n${written}${mark} 7 0\nwhat follows`);
    for (let at = 0; at < bytes.length; at += size) output.write(bytes.subarray(at, at + size));
    await output.begun;
    expect(await output.ended).toBe('7 0');
    output.end();
    expect(Buffer.concat(passed).toString()).toBe(written);
  },
);

test('what looked like the beginning of a mark is output when nothing follows', () => {
  const passed: string[] = [];
  const output = markedOutput(mark, (chunk) => passed.push(Buffer.from(chunk).toString()));
  output.write(Buffer.from(`${mark} begin\none abab`));
  expect(passed).toEqual(['one ']);
  output.end();
  expect(passed).toEqual(['one ', 'abab']);
});
