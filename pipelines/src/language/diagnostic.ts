/** One thing to tell the author of a pipeline file. Lines and columns begin at 1. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable kebab-case name of the rule, such as `unknown-key`. */
  readonly code: string;
  /** What is wrong and, where there is one, the suggestion: one sentence or two. */
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Characters to underline on that line, at least 1. */
  readonly length: number;
  /** The source line itself, so that the message can be shown without the file. */
  readonly sourceLine: string;
  /** Heading in docs/language.md that explains it; absent: none is about it, or it was written by an older version. */
  readonly section?: string;
}
