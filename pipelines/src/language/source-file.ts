import type { Diagnostic } from './diagnostic.ts';

/** A file's text, or that of several behind each other, with the offsets at which its lines begin. */
export interface SourceFile {
  readonly text: string;
  readonly lineStarts: readonly number[];
  /** In the order of the text; at least one. */
  readonly parts: readonly SourcePart[];
}

export interface SourcePart {
  readonly file: string;
  /** Offset of its first character; always the beginning of a line. */
  readonly start: number;
}

/** A piece of the text: offsets of its first character and of the one behind its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Characters of a source line that a diagnostic keeps; longer lines are cut. */
const maxSourceLine = 1_000;

export const sourceFile = (file: string, text: string): SourceFile => joinFiles([{ file, text }]);

/** Files that are read together: each begins where the one before has ended and a line more. */
export function joinFiles(files: readonly { readonly file: string; readonly text: string }[]): SourceFile {
  const text = files.map((each) => each.text).join('\n');
  const lineStarts = [0];
  for (let index = text.indexOf('\n'); index !== -1; index = text.indexOf('\n', index + 1)) {
    lineStarts.push(index + 1);
  }
  let end = -1;
  const parts = files.map(({ file, text: own }): SourcePart => {
    const start = end + 1;
    end = start + own.length;
    return { file, start };
  });
  return { text, lineStarts, parts };
}

/** Makes a diagnostic for a span; of one over several lines, the part on the first line is underlined. */
export function diagnosticAt(
  source: SourceFile,
  span: Span,
  what: Pick<Diagnostic, 'severity' | 'code' | 'message'>,
): Diagnostic {
  const start = Math.min(Math.max(span.start, 0), source.text.length);
  const index = lastAtOrBefore(source.lineStarts, start);
  const lineStart = source.lineStarts[index] ?? 0;
  const nextLine = source.lineStarts[index + 1] ?? source.text.length + 1;
  const full = source.text.slice(lineStart, nextLine - 1).replace(/\r$/, '');
  const column = start - lineStart + 1;
  const length = Math.max(1, Math.min(span.end - start, full.length - column + 1));
  const part = partAt(source, start);
  const line = index - lastAtOrBefore(source.lineStarts, part.start) + 1;
  return { ...what, file: part.file, line, column, length, sourceLine: full.slice(0, maxSourceLine) };
}

/** `file:line` of an offset, for messages that name a second place. */
export function placeOf(source: SourceFile, offset: number): string {
  const { file, line } = diagnosticAt(
    source,
    { start: offset, end: offset + 1 },
    { severity: 'error', code: '', message: '' },
  );
  return `${file}:${line}`;
}

/** Where a line of a file begins in what was read together; null: it has no such line. */
export function lineStartOf(source: SourceFile, file: string, line: number): number | null {
  const part = source.parts.find((each) => each.file === file);
  if (part === undefined || line < 1) return null;
  const first = lastAtOrBefore(source.lineStarts, part.start);
  return source.lineStarts[first + line - 1] ?? null;
}

/** Its name. */
export const fileAt = (source: SourceFile, offset: number): string => partAt(source, offset).file;

/** The file that holds the offset. */
function partAt({ parts }: SourceFile, offset: number): SourcePart {
  const starts = parts.map(({ start }) => start);
  return parts[lastAtOrBefore(starts, offset)] ?? { file: '', start: 0 };
}

/** Index of the last of the rising numbers that is not above `offset`. */
function lastAtOrBefore(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
