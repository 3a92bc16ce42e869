import { expect, test } from 'vitest';
import { replaceTemplates } from './replace-templates.ts';

test.each([
  ['node:20', 'node:20'],
  ['node:${{ matrix.node }}', 'node:x'],
  ['${{ a }}/${{ b }}:1', 'x/x:1'],
  ['${{ a', '${{ a'],
  ['a}} ${{ b }}', 'a}} x'],
  ['${{ ${{ a }} }}', 'x }}'],
  ['', ''],
])('%s is %s', (text, expected) => {
  expect(replaceTemplates(text, () => 'x')).toBe(expected);
});
