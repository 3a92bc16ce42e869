// Lines of a log that are folded away, and how the remaining lines become rows.
import type { LineRange } from './log-store.ts';

/** These lines of a step are hidden. */
export interface Fold extends LineRange {
  readonly step: number;
}

/** In the order of their lines; they never overlap. */
export type Folds = readonly Fold[];

export const withFold = (folds: Folds, fold: Fold): Folds =>
  [...withoutFold(folds, fold.step), fold].toSorted((a, b) => a.from - b.from);

export const withoutFold = (folds: Folds, step: number): Folds => folds.filter((fold) => fold.step !== step);

/** The folds without the one that hides this line. */
export const revealing = (folds: Folds, line: number): Folds =>
  folds.some((fold) => hides(fold, line)) ? folds.filter((fold) => !hides(fold, line)) : folds;

export function rowCount(folds: Folds, lines: number): number {
  return folds.reduce((rows, { from, to }) => rows - Math.max(0, Math.min(to, lines) - from), lines);
}

export function lineOfRow(folds: Folds, row: number): number {
  let line = row;
  for (const { from, to } of folds) if (from <= line) line += to - from;
  return line;
}

/** Row of a line; of a hidden one, the row after the fold. */
export function rowOfLine(folds: Folds, line: number): number {
  return folds.reduce((row, { from, to }) => row - Math.max(0, Math.min(to, line) - from), line);
}

/** The lines behind rows [from, to), as stretches without a gap. */
export function stretches(folds: Folds, from: number, to: number): readonly LineRange[] {
  if (from >= to) return [];
  const [first, end] = [lineOfRow(folds, from), lineOfRow(folds, to - 1) + 1];
  const parts: LineRange[] = [];
  let start = first;
  for (const fold of folds) {
    if (fold.to <= start || fold.from >= end) continue;
    if (fold.from > start) parts.push({ from: start, to: fold.from });
    start = fold.to;
  }
  return [...parts, { from: start, to: end }];
}

const hides = ({ from, to }: Fold, line: number): boolean => from <= line && line < to;
