// What one walk over an expression collects, shared by the parts of the analysis.
import type { parse } from '@bufbuild/cel';

export type Parsed = ReturnType<typeof parse>;
export type Expr = Parsed['expr'];

/** A use of a name, such as `stages.build.outputs.version`. */
export interface Reference {
  readonly path: readonly string[];
  /** Of the whole path, in the expression's text. */
  readonly offset: number;
  readonly length: number;
  /** Text that it is compared with by `==` or `!=`, and where that stands. */
  readonly comparedWith: { readonly text: string; readonly offset: number } | null;
}

export interface ExpressionProblem {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
  readonly length: number;
}

export interface Walk {
  readonly text: string;
  readonly positions: Readonly<Record<string, number>>;
  readonly references: Reference[];
  readonly problems: ExpressionProblem[];
  usesStatus: boolean;
  usesHash: boolean;
}

/** The text of a literal, or null. */
export const constantText = (expr: Expr | undefined): string | null =>
  expr?.exprKind.case === 'constExpr' && expr.exprKind.value.constantKind.case === 'stringValue'
    ? expr.exprKind.value.constantKind.value
    : null;

/** Underlines `near` where it stands around the part, otherwise the whole expression. */
export function problem(walk: Walk, expr: Expr, code: string, message: string, near?: string): void {
  const at = walk.positions[expr.id.toString()] ?? 0;
  const found = near === undefined || near === '' ? -1 : nearest(walk.text, near, at);
  walk.problems.push(
    found === -1
      ? { code, message, offset: 0, length: walk.text.length }
      : { code, message, offset: found, length: near?.length ?? 1 },
  );
}

/** A call's position is its dot or its bracket: the name stands directly before or behind it. */
function nearest(text: string, word: string, at: number): number {
  const behind = text.indexOf(word, at);
  if (behind !== -1 && behind <= at + 2) return behind;
  return text.lastIndexOf(word, at);
}
