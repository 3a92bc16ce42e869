import { err, ok, type Result } from '../../result.ts';
import { compileExpression, type CompiledExpression, type StatusFacts } from './compile-expression.ts';
import { bindingsFor, isKnown, type Scope } from './scope.ts';
import { escapeTemplate, isTemplate, splitTemplate, type TemplatePart } from './template.ts';

/** Fills in every `${{ … }}`. The error names the expression and why it has no value. */
export function renderTemplate(template: string, scope: Scope): Result<string, string> {
  return render(template, (part) => evaluatePart(part.text, scope));
}

/**
 * Fills in the parts whose names are all known; the others are left as written. What is filled in is escaped, so
 * that rendering the result later gives the same as rendering everything later: text from outside that looks
 * like an expression never becomes one.
 */
export function renderKnownParts(template: string, scope: Scope): Result<string, string> {
  return render(template, (part) => {
    const compiled = compileExpression(part.text);
    if (!compiled.ok) return err(compiled.error[0]?.message ?? 'not an expression');
    if (!compiled.value.references.every((reference) => isKnown(reference, scope))) return ok(part.source);
    const value = valueText(compiled.value, scope);
    return value.ok ? ok(escapeTemplate(value.value)) : value;
  });
}

type ExpressionPart = Extract<TemplatePart, { readonly kind: 'expression' }>;

function render(
  template: string,
  fill: (part: ExpressionPart) => Result<string, string>,
): Result<string, string> {
  if (!isTemplate(template)) return ok(template);
  const parts = splitTemplate(template);
  if (!parts.ok) return err(`"\${{" is not closed by "}}" in ${shorten(template)}`);
  let text = '';
  for (const part of parts.value) {
    const piece = part.kind === 'text' ? ok(part.text) : fill(part);
    if (!piece.ok) return piece;
    text += piece.value;
  }
  return ok(text);
}

function evaluatePart(text: string, scope: Scope): Result<string, string> {
  const compiled = compileExpression(text);
  if (!compiled.ok) return err(compiled.error[0]?.message ?? `${text} is not an expression`);
  return valueText(compiled.value, scope);
}

/** In text nobody asks success() or failure(): the linter refuses it. */
const noStatus: StatusFacts = { success: false, failure: false, cancelled: false };

function valueText(expression: CompiledExpression, scope: Scope): Result<string, string> {
  const value = expression.evaluate(bindingsFor(expression.references, scope), noStatus);
  if (!value.ok)
    return err(
      `\${{ ${expression.text} }} has no value: ${explainMissing(expression, scope) ?? value.error}`,
    );
  if (value.value === null) return ok('');
  switch (typeof value.value) {
    case 'string':
      return ok(value.value);
    case 'bigint':
    case 'number':
    case 'boolean':
      return ok(String(value.value));
    default:
      return err(
        `\${{ ${expression.text} }} is a list or a map, and only text, numbers and booleans can be filled in`,
      );
  }
}

/** Why a name that the expression uses has no value, in the words of the pipeline file. */
export function explainMissing(expression: CompiledExpression, scope: Scope): string | null {
  for (const { path } of expression.references) {
    const [root, name = '', , output] = path;
    if (root === 'env' && scope.env(name) === null)
      return `the environment variable ${name} has no text here`;
    if (root !== 'stages' || scope.stage === null) continue;
    const result = scope.stage(name);
    if (result === null) return `stage "${name}" has not ended`;
    if (output !== undefined && !Object.hasOwn(result.outputs, output)) {
      return `stage "${name}" (${result.status}) gave no output "${output}"`;
    }
  }
  return null;
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
