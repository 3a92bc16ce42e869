import type { Diagnostic } from './diagnostic.ts';

/** A file's text with the offsets at which its lines begin. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
  readonly lineStarts: readonly number[];
}

/** A piece of the text: offsets of its first character and of the one behind its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Characters of a source line that a diagnostic keeps; longer lines are cut. */
const maxSourceLine = 1_000;

export function sourceFile(file: string, text: string): SourceFile {
  const lineStarts = [0];
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) {
    lineStarts.push(index + 1);
  }
  return { file, text, lineStarts };
}

/** Makes a diagnostic for a span; of one over several lines, the part on the first line is underlined. */
export function diagnosticAt(
  source: SourceFile,
  span: Span,
  what: Pick<Diagnostic, 'severity' | 'code' | 'message'>,
): Diagnostic {
  const start = Math.min(Math.max(span.start, 0), source.text.length);
  const line = lineOf(source, start);
  const lineStart = source.lineStarts[line - 1] ?? 0;
  const nextLine = source.lineStarts[line] ?? source.text.length + 1;
  const full = source.text.slice(lineStart, nextLine - 1).replace(/\r$/, '');
  const column = start - lineStart + 1;
  const length = Math.max(1, Math.min(span.end - start, full.length - column + 1));
  return { ...what, file: source.file, line, column, length, sourceLine: full.slice(0, maxSourceLine) };
}

/** Number of the line that holds the offset, from 1. */
function lineOf(source: SourceFile, offset: number): number {
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((source.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}
