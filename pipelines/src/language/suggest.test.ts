import { fc, test as property } from '@fast-check/vitest';
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

property.prop([fc.string({ maxLength: 14 }), fc.string({ maxLength: 14 })], { numRuns: 2_000 })(
  'what is near is found as if every letter were compared with every other',
  (word, candidate) => {
    const limit = Math.min(5, Math.max(1, Math.floor(plain(word).length / 3)));
    const isNear = wholeDistance(plain(word), plain(candidate)) <= limit;
    expect(closest(word, [candidate])).toBe(isNear ? candidate : null);
  },
);

const plain = (word: string): string => word.slice(0, 64).replace(/[_-]/g, '').toLowerCase();

/** The same rule without any limit, as it is defined. */
function wholeDistance(a: string, b: string): number {
  const cell = (row: number, column: number): number => {
    if (row === 0 || column === 0) return row + column;
    const known = cells.get(`${row} ${column}`);
    if (known !== undefined) return known;
    const same = a[row - 1] === b[column - 1];
    const costs = [
      cell(row - 1, column) + 1,
      cell(row, column - 1) + 1,
      cell(row - 1, column - 1) + (same ? 0 : 1),
    ];
    if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
      costs.push(cell(row - 2, column - 2) + 1);
    const cost = Math.min(...costs);
    cells.set(`${row} ${column}`, cost);
    return cost;
  };
  const cells = new Map<string, number>();
  return cell(a.length, b.length);
}
