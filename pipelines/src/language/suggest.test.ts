import { expect, test } from 'vitest';
import { closest } from './suggest.ts';

test.each([
  ['need', 'needs'],
  ['bulid', 'build'],
  ['setWeight', 'set_weight'],
  ['stpes', 'steps'],
  ['pull-request', 'pull_request'],
])('%s means %s', (word, meant) => {
  expect(closest(word, ['needs', 'build', 'set_weight', 'steps', 'pull_request'])).toBe(meant);
});

test('a word that is like none gets no suggestion', () => {
  expect(closest('script', ['needs', 'build', 'steps'])).toBeNull();
});
