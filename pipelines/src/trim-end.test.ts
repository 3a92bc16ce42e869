import { expect, test } from 'vitest';
import { trimEnd } from './trim-end.ts';

test.each([
  ['dist///', '/', 'dist'],
  ['a/b', '/', 'a/b'],
  ['///', '/', ''],
  ['', '/', ''],
  ['line \t ', ' \t', 'line'],
])('%j without its last %j is %j', (text, characters, expected) => {
  expect(trimEnd(text, characters)).toBe(expected);
});
