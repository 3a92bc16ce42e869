import { err, ok, type Result } from '../../result.ts';
import { compileExpression, type CompiledExpression, type StatusFacts } from './compile-expression.ts';
import { explainMissing } from './render-template.ts';
import { bindingsFor, isKnown, type Scope } from './scope.ts';

/**
 * Evaluates an `if`. One that asks no status function means `success() && (…)`. The error says which value is
 * missing or of the wrong type.
 */
export function evaluateCondition(
  expression: CompiledExpression,
  scope: Scope,
  status: StatusFacts,
): Result<boolean, string> {
  if (!expression.usesStatus && !status.success) return ok(false);
  const value = expression.evaluate(bindingsFor(expression.references, scope), status);
  if (!value.ok) {
    return err(
      `the condition ${expression.text} has no value: ${explainMissing(expression, scope) ?? value.error}`,
    );
  }
  if (typeof value.value !== 'boolean') {
    return err(
      `the condition ${expression.text} gives neither true nor false. Compare the value with something.`,
    );
  }
  return ok(value.value);
}

/** The names of an expression with their values, for a person: `branch is "main"`. Empty where none is known. */
export function describeValues(text: string, scope: Scope): string {
  const compiled = compileExpression(text);
  if (!compiled.ok) return '';
  const seen = new Map<string, string>();
  for (const reference of compiled.value.references) {
    const name = reference.path.join('.');
    if (seen.has(name) || !isKnown(reference, scope)) continue;
    const single = compileExpression(pathExpression(reference.path));
    if (!single.ok) continue;
    const value = single.value.evaluate(bindingsFor([reference], scope), {
      success: false,
      failure: false,
      cancelled: false,
    });
    if (value.ok) seen.set(name, `${name} is ${show(value.value)}`);
  }
  return [...seen.values()].join(', ');
}

const pathExpression = ([root = '', ...rest]: readonly string[]): string =>
  root + rest.map((name) => `[${JSON.stringify(name)}]`).join('');

function show(value: unknown): string {
  if (typeof value === 'string') {
    const line = value.split('\n', 1)[0] ?? '';
    return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line);
  }
  return typeof value === 'object' && value !== null ? 'set' : String(value);
}
