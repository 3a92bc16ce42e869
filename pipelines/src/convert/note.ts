// What a person is told about a converted file: everything that came over differently or not at all.
import type { Diagnostic } from '../language/diagnostic.ts';

export interface Note {
  /** `carried-over-changed`: it is in the pipeline, and behaves differently. */
  readonly severity: 'carried-over-changed' | 'not-carried-over';
  /** The key or value as the source has it, such as `services.docker:dind`. */
  readonly what: string;
  /** One sentence. */
  readonly why: string;
  /** One sentence; empty where nothing has to be done. */
  readonly whatToDo: string;
  /** From 1, in the source file. */
  readonly line: number;
  readonly column: number;
  /** Characters to underline on that line, at least 1. */
  readonly length: number;
  readonly sourceLine: string;
}

/** A note in the shape of the linter's messages, so that people read one format. */
export function noteDiagnostic(note: Note, file: string): Diagnostic {
  const { line, column, length, sourceLine } = note;
  return {
    severity: 'warning',
    code: note.severity,
    message: noteText(note),
    file,
    line,
    column,
    length,
    sourceLine,
  };
}

export function noteText({ severity, what, why, whatToDo }: Note): string {
  const fate = severity === 'carried-over-changed' ? 'is changed' : 'is left out';
  return `${what} ${fate}: ${why}${whatToDo === '' ? '' : ` ${whatToDo}`}`;
}
