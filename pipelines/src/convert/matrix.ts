// Lists of values → `matrix`, with names that our expressions can write.
import type { Span } from '../language/source-file.ts';
import { draftList, draftMap, draftOf, put, type DraftValue } from './draft.ts';
import { variableOf } from './names.ts';

/** Each variable with its values. */
export type MatrixRow = readonly (readonly [string, readonly string[]])[];

const most = 256;

/** One row is a matrix of its own; several are combined one by one and written as `include`. */
export function matrixDraft(rows: readonly MatrixRow[], span: Span): DraftValue | undefined {
  const [first, second] = rows;
  if (first === undefined) return undefined;
  if (second === undefined) {
    const map = draftMap();
    for (const [name, values] of first)
      if (values.length > 0) put(map, variableOf(name), draftList(values), span);
    return map;
  }
  const combined = rows.flatMap(combinations).slice(0, most);
  return draftOf({ include: draftList(combined.map((each) => draftOf(each))) });
}

function combinations(row: MatrixRow): readonly Readonly<Record<string, string>>[] {
  let all: readonly Readonly<Record<string, string>>[] = [{}];
  for (const [name, values] of row) {
    all = all
      .flatMap((each) => values.map((value) => ({ ...each, [variableOf(name)]: value })))
      .slice(0, most);
  }
  return all;
}
