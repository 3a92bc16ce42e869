import {
  celEnv,
  celFunc,
  celMethod,
  CelScalar,
  isCelError,
  parse,
  plan,
  type CelEnv,
  type CelInput,
  type CelValue,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { err, ok, type Result } from '../../result.ts';
import { analyseExpression, type Analysis } from './analyse-expression.ts';
import type { ExpressionProblem, Parsed } from './expression-walk.ts';
import { foreignSyntax, isUnbalanced } from './foreign-syntax.ts';
import { matchPattern } from './match-pattern.ts';
import { functions } from './names.ts';

/** Characters; keeps reading, checking and evaluating an expression bounded. */
export const maxExpressionLength = 1_000;

/** The answers of `success()`, `failure()` and `cancelled()`. */
export interface StatusFacts {
  readonly success: boolean;
  readonly failure: boolean;
  readonly cancelled: boolean;
}

export interface CompiledExpression extends Analysis {
  readonly text: string;
  /** Evaluates with values by root name. A name that is missing is an error unless `&&` or `||` needs no value of it. */
  readonly evaluate: (values: Bindings, status: StatusFacts) => Result<CelValue, string>;
}

export type Bindings = Readonly<Record<string, CelInput>>;

/** Parses and checks a CEL expression. Equal texts share one result. */
export function compileExpression(text: string): Result<CompiledExpression, readonly ExpressionProblem[]> {
  const known = recent.get(text);
  if (known !== undefined) return known;
  const made = older.get(text) ?? compile(text);
  recentLength += text.length;
  if (recentLength > longestMemory) {
    [older, recent] = [recent, new Map()];
    recentLength = text.length;
  }
  recent.set(text, made);
  return made;
}

// A memory of a pure function: it changes how fast an answer comes, never the answer. It holds every expression of a
// file of 10,000 stages, which is asked for several times; what was not asked for since then is forgotten.
let recent = new Map<string, Result<CompiledExpression, readonly ExpressionProblem[]>>();
let older: typeof recent = new Map();
let recentLength = 0;
/** Characters of each of the two; an expression takes about 75 bytes a character. */
const longestMemory = 256 * 1024;

function compile(text: string): Result<CompiledExpression, readonly ExpressionProblem[]> {
  const whole = { offset: 0, length: Math.max(1, text.length) };
  if (text.trim() === '') {
    return err([
      {
        code: 'empty-expression',
        message: 'The expression is empty. Write a condition or remove it.',
        ...whole,
      },
    ]);
  }
  if (text.length > maxExpressionLength) {
    const message = `The expression is longer than ${maxExpressionLength} characters. Move the decision into a step.`;
    return err([{ code: 'expression-too-complex', message, ...whole }]);
  }
  if (nestingOf(text) > deepestNesting) {
    const message = `The expression has more than ${deepestNesting} brackets inside each other. Move the decision into a step.`;
    return err([{ code: 'expression-too-complex', message, ...whole }]);
  }
  const parsed = tryParse(text);
  if (!parsed.ok) return err([parsed.error]);
  const analysis = analyseExpression(text, parsed.value);
  if (analysis.problems.length > 0) return err(analysis.problems);
  return ok({ text, ...analysis, evaluate: evaluator(parsed.value) });
}

/** The parser takes time by the cube of the depth at which a bracket is missing. */
const deepestNesting = 32;

function nestingOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const character of withoutQuoted(text)) {
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function tryParse(text: string): Result<Parsed, ExpressionProblem> {
  try {
    return ok(parse(text));
  } catch (error) {
    return err(syntaxProblem(text, error));
  }
}

function syntaxProblem(text: string, error: unknown): ExpressionProblem {
  const code = 'bad-expression';
  const foreign = foreignSyntax(text);
  if (foreign !== null) return { code, ...foreign };
  const assignment = /(?<![=!<>])=(?![=])/.exec(withoutQuoted(text));
  if (assignment !== null) {
    return {
      code,
      message: 'One = assigns nothing here. Compare with ==.',
      offset: assignment.index,
      length: 1,
    };
  }
  const at = offsetOf(error);
  const offset = Math.min(at ?? 0, Math.max(0, text.length - 1));
  const rest = text.slice(offset).trim();
  const found =
    rest === '' || (at ?? 0) >= text.length
      ? 'ends too early'
      : `cannot be read from "${rest.slice(0, 20)}" on`;
  const hint = isUnbalanced(text) ? ' A bracket is opened and never closed.' : '';
  return { code, message: `The expression ${found}.${hint}`, offset, length: at === null ? text.length : 1 };
}

const withoutQuoted = (text: string): string =>
  text.replace(/'[^']*'|"[^"]*"/g, (part) => ' '.repeat(part.length));

function offsetOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('location' in error)) return null;
  const { location } = error;
  if (typeof location !== 'object' || location === null || !('start' in location)) return null;
  const { start } = location;
  if (typeof start !== 'object' || start === null || !('offset' in start)) return null;
  return typeof start.offset === 'number' ? start.offset : null;
}

function evaluator(parsed: Parsed): CompiledExpression['evaluate'] {
  return (values, status) => {
    const value = plan(environment(status), parsed)(values);
    return isCelError(value) ? err(value.message) : ok(value);
  };
}

const environments = new Map<string, CelEnv>();

/** One environment for each set of answers: CEL functions do not see the values of a call. */
function environment(status: StatusFacts): CelEnv {
  const key = `${status.success}-${status.failure}-${status.cancelled}`;
  const known = environments.get(key);
  if (known !== undefined) return known;
  const { BOOL, STRING } = CelScalar;
  const made = celEnv({
    funcs: [
      celFunc('success', [], BOOL, () => status.success),
      celFunc('failure', [], BOOL, () => status.failure),
      celFunc('cancelled', [], BOOL, () => status.cancelled),
      celFunc('always', [], BOOL, () => true),
      celMethod('matches', STRING, [STRING], BOOL, function (pattern) {
        return matchPattern(this, pattern);
      }),
      ...strings.filter((each) => functions.has(each.name) && each.arguments.length === 0),
    ],
  });
  environments.set(key, made);
  return made;
}
