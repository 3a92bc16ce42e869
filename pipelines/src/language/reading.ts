// What the readers of the language share: the file, the mistakes found so far, the expressions to check at the end.
// A reader that meets a mistake reports it and gives a value that lets reading go on; a definition is only handed
// out when nothing was reported.
import type { Diagnostic } from './diagnostic.ts';
import type { EnvValue, InputDefinition } from './definition.ts';
import type { IncludeAnswer } from './included-files.ts';
import type { ScalarNode } from './source-node.ts';
import { diagnosticAt, type SourceFile, type Span } from './source-file.ts';
import { didYouMean } from './suggest.ts';
import type { TemplateDefinition, TemplatePlace, TemplateShelf } from './templates/template-definition.ts';

export interface Reading {
  readonly source: SourceFile;
  readonly diagnostics: Diagnostic[];
  readonly uses: ExpressionUse[];
  /** What is left of it bounds what a short text may cost. */
  readonly room: {
    /** That matrices may still make before `exclude`. */
    combinations: number;
    /** Of mistyped words with what might be meant. */
    comparisons: number;
  };
  readonly templates: TemplateShelf;
  /** Where what stands at an offset looks for templates beside itself. */
  readonly placeAt: (offset: number) => TemplatePlace;
  /** Files of lists that were read; null: none may be named here. */
  readonly lists: ReadonlyMap<string, IncludeAnswer> | null;
  /** Stages with `use`, by id, with what they use. */
  readonly used: Map<string, TemplateDefinition>;
}

/** Matrices for four times as many stages as a plan can have; ten words compared with as many names. */
export const newRoom = (): Reading['room'] => ({ combinations: 40_000, comparisons: 100_000 });

/** Where an expression or template stands decides what it may name. */
export type ExpressionPlace =
  | 'pipeline-env'
  | 'stage-env'
  | 'stage-condition'
  | 'step-condition'
  | 'command'
  | 'text'
  | 'group'
  | 'cache-key'
  | 'matrix'
  | 'metric'
  | 'with'
  | 'template-output';

export interface ExpressionUse {
  readonly place: ExpressionPlace;
  readonly node: ScalarNode;
  readonly text: string;
  /** Null in the pipeline's own `env`. */
  readonly stage: string | null;
  /** The layers of variables that may be named, outermost first. */
  readonly env: readonly Readonly<Record<string, EnvValue>>[];
  /** Of `with`: the input that it is for. */
  readonly given?: GivenInput;
}

export interface GivenInput {
  readonly name: string;
  readonly input: InputDefinition;
  /** Which template has it in the text of a command; null: none. */
  readonly pastedBy: string | null;
}

/** Of errors, and of warnings: who has this many begins with the first, and further ones are not told. */
const maxDiagnostics = 100;

type Severity = Diagnostic['severity'];

export const isFull = (reading: Reading, severity: Severity = 'error'): boolean =>
  countOf(reading.diagnostics, severity) >= maxDiagnostics;

/** An error is never left out for a warning: whoever has warnings enough could hide one behind them. */
export function report(
  reading: Reading,
  span: Span,
  code: string,
  message: string,
  severity: Severity = 'error',
): void {
  if (isFull(reading, severity)) return;
  reading.diagnostics.push(diagnosticAt(reading.source, span, { severity, code, message }));
}

/** At most 100 of them in their order, errors before warnings where there are more. */
export function mostTold(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.length <= maxDiagnostics) return diagnostics;
  const left = { error: maxDiagnostics, warning: maxDiagnostics - countOf(diagnostics, 'error') };
  return diagnostics.filter(({ severity }) => left[severity]-- > 0);
}

const countOf = (diagnostics: readonly Diagnostic[], severity: Severity): number =>
  diagnostics.reduce((count, each) => count + (each.severity === severity ? 1 : 0), 0);

/** `didYouMean`, saved where nobody would read it, and after many words among very many candidates. */
export function suggestion(reading: Reading, word: string, candidates: Iterable<string>): string {
  if (isFull(reading) || reading.room.comparisons <= 0) return '';
  const all = [...candidates];
  reading.room.comparisons -= all.length;
  return didYouMean(word, all);
}
