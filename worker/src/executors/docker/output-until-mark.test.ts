import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { outputUntilMark } from './output-until-mark.ts';

const mark = 'abab-mark';
// Made of the mark's own pieces, so that beginnings of it are everywhere.
const text = fc
  .array(fc.constantFrom('a', 'b', 'ab', '-', 'abab', 'abab-mar', '\n', 'x'), { maxLength: 30 })
  .map((pieces) => pieces.join(''))
  .filter((written) => !`${written}${mark}`.slice(0, -1).includes(mark));

test.prop([text, fc.integer({ min: 1, max: 12 })])(
  'all bytes before the mark are passed on and none of it, however it is cut',
  async (written, size) => {
    const passed: Buffer[] = [];
    const output = outputUntilMark(mark, (chunk) => passed.push(Buffer.from(chunk)));
    const bytes = Buffer.from(`${written}${mark} 7 0\n`);
    for (let at = 0; at < bytes.length; at += size) output.write(bytes.subarray(at, at + size));
    expect(await output.marked).toBe('7 0');
    expect(Buffer.concat(passed).toString()).toBe(written);
  },
);

test('what looked like the beginning of a mark is output when nothing follows', () => {
  const passed: string[] = [];
  const output = outputUntilMark(mark, (chunk) => passed.push(Buffer.from(chunk).toString()));
  output.write(Buffer.from('one abab'));
  expect(passed).toEqual(['one ']);
  output.end();
  expect(passed).toEqual(['one ', 'abab']);
});
