import { expect, test } from 'vitest';
import { lineOfRow, revealing, rowCount, rowOfLine, stretches, withFold, withoutFold } from './log-folds.ts';

const folds = withFold(withFold([], { step: 2, from: 50, to: 60 }), { step: 0, from: 4, to: 14 });

test('rows are the lines that are left, in their order', () => {
  expect(rowCount(folds, 100)).toBe(80);
  expect([0, 3, 4, 39, 40, 79].map((row) => lineOfRow(folds, row))).toEqual([0, 3, 14, 49, 60, 99]);
});

test('every line that is not hidden finds its row, and back', () => {
  for (let row = 0; row < 80; row += 1) expect(rowOfLine(folds, lineOfRow(folds, row))).toBe(row);
});

test('a line that is asked for is revealed, and other folds stay', () => {
  expect(revealing(folds, 7)).toEqual([{ step: 2, from: 50, to: 60 }]);
  expect(revealing(folds, 20)).toBe(folds);
  expect(withoutFold(folds, 2)).toEqual([{ step: 0, from: 4, to: 14 }]);
});

test('only lines that are in view are read, never those of a fold between them', () => {
  expect(stretches(folds, 2, 45)).toEqual([
    { from: 2, to: 4 },
    { from: 14, to: 50 },
    { from: 60, to: 65 },
  ]);
  expect(stretches([], 5, 9)).toEqual([{ from: 5, to: 9 }]);
  expect(stretches(folds, 3, 3)).toEqual([]);
});
