// Walks a parsed CEL expression once: which names it uses, of which type it is, and every mistake that can be
// seen without knowing the file around it.
import type { parse } from '@bufbuild/cel';
import { didYouMean } from '../suggest.ts';
import {
  fixedNames,
  functions,
  macros,
  rootNames,
  statusFunctions,
  type FunctionDefinition,
  type ValueType,
} from './names.ts';
import { operators } from './operators.ts';
import { regularExpressionProblem } from './regular-expression.ts';

export type Parsed = ReturnType<typeof parse>;
type Expr = Parsed['expr'];

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

export interface Analysis {
  readonly references: readonly Reference[];
  /** Whether it asks success(), failure(), always() or cancelled(). */
  readonly usesStatus: boolean;
  readonly type: ValueType;
  readonly problems: readonly ExpressionProblem[];
}

export function analyseExpression(text: string, parsed: Parsed): Analysis {
  const walk: Walk = {
    text,
    positions: parsed.sourceInfo?.positions ?? {},
    references: [],
    problems: [],
    usesStatus: false,
  };
  const type = visit(walk, parsed.expr, new Set(), 0);
  const { references, usesStatus, problems } = walk;
  return { references, usesStatus, type, problems };
}

interface Walk {
  readonly text: string;
  readonly positions: Readonly<Record<string, number>>;
  readonly references: Reference[];
  readonly problems: ExpressionProblem[];
  usesStatus: boolean;
}

/** `locals` are the variables of comprehensions around; `loops` counts those comprehensions. */
function visit(walk: Walk, expr: Expr | undefined, locals: ReadonlySet<string>, loops: number): ValueType {
  if (expr === undefined) return 'any';
  const { exprKind } = expr;
  switch (exprKind.case) {
    case 'constExpr':
      return constantTypes[exprKind.value.constantKind.case ?? 'nullValue'] ?? 'any';
    case 'identExpr':
    case 'selectExpr':
      return visitName(walk, expr, locals, loops, null);
    case 'callExpr':
      return visitCall(walk, expr, locals, loops);
    case 'listExpr':
      for (const element of exprKind.value.elements) visit(walk, element, locals, loops);
      return 'list';
    case 'structExpr':
      if (exprKind.value.messageName !== '') {
        problem(walk, expr, 'unknown-name', `There is no type ${exprKind.value.messageName}.`);
      }
      for (const entry of exprKind.value.entries) {
        if (entry.keyKind.case === 'mapKey') visit(walk, entry.keyKind.value, locals, loops);
        visit(walk, entry.value, locals, loops);
      }
      return 'map';
    case 'comprehensionExpr': {
      if (loops > 0) {
        problem(
          walk,
          expr,
          'expression-too-complex',
          'A loop (all, exists, map, filter) may not stand inside another.',
        );
        return 'any';
      }
      const { iterRange, iterVar, accuVar, accuInit, loopCondition, loopStep, result } = exprKind.value;
      visit(walk, iterRange, locals, loops);
      const inner = new Set([...locals, iterVar, accuVar]);
      for (const part of [accuInit, loopCondition, loopStep, result]) visit(walk, part, inner, loops + 1);
      return 'any';
    }
    case undefined:
      return 'any';
  }
}

const constantTypes: Readonly<Partial<Record<string, ValueType>>> = {
  boolValue: 'boolean',
  stringValue: 'text',
  int64Value: 'number',
  uint64Value: 'number',
  doubleValue: 'number',
  nullValue: 'null',
};

/** An identifier, with as many `.field` and `['field']` as follow it. */
function visitName(
  walk: Walk,
  expr: Expr,
  locals: ReadonlySet<string>,
  loops: number,
  comparedWith: Reference['comparedWith'],
): ValueType {
  const path: string[] = [];
  let end: number | null = null;
  let current: Expr | undefined = expr;
  while (current !== undefined) {
    const kind: Expr['exprKind'] = current.exprKind;
    const at = walk.positions[current.id.toString()] ?? 0;
    if (kind.case === 'selectExpr') {
      const dot = walk.text.indexOf('.', at);
      const name = walk.text.indexOf(kind.value.field, dot + 1);
      end ??= name + kind.value.field.length;
      path.unshift(kind.value.field);
      current = kind.value.operand;
    } else if (kind.case === 'callExpr' && kind.value.function === '_[_]') {
      const [operand, index] = kind.value.args;
      const field = constantText(index);
      if (field === null) {
        visit(walk, index, locals, loops);
        return visit(walk, operand, locals, loops) === 'text' ? 'text' : 'any';
      }
      end ??= walk.text.indexOf(']', walk.positions[index?.id.toString() ?? ''] ?? at) + 1;
      path.unshift(field);
      current = operand;
    } else if (kind.case === 'identExpr') {
      const name = kind.value.name;
      if (locals.has(name)) return 'any';
      path.unshift(name);
      const length = Math.max(1, (end ?? at + name.length) - at);
      return checkReference(walk, { path, offset: at, length, comparedWith });
    } else {
      visit(walk, current, locals, loops);
      return 'any';
    }
  }
  return 'any';
}

/** Fixed names are checked here; `inputs`, `env` and `stages` against the file, later. */
function checkReference(walk: Walk, reference: Reference): ValueType {
  const [root = ''] = reference.path;
  const add = (code: string, message: string): ValueType => {
    walk.problems.push({ code, message, offset: reference.offset, length: reference.length });
    return 'any';
  };
  if (root === 'matrix' || root === 'hash') {
    return add('not-supported-yet', `${root} is not part of this version.`);
  }
  if (!rootNames.has(root)) {
    const known = [...rootNames].filter((name) => name !== 'version');
    return add(
      'unknown-name',
      `There is no name ${root}.${didYouMean(root, known)} Text stands in quotes; names are ${known.join(', ')}.`,
    );
  }
  walk.references.push(reference);
  if (root === 'stages' || root === 'env' || root === 'inputs') return root === 'env' ? 'text' : 'any';
  const written = reference.path.join('.');
  const definition = fixedNames.get(written);
  if (definition === undefined) {
    const known = [...fixedNames.keys()].filter((name) => name.startsWith(`${root}.`) || name === root);
    const last = reference.path.at(-1) ?? root;
    const suggestion = didYouMean(
      last,
      known.map((name) => name.split('.').at(-1) ?? name),
    );
    return add('unknown-name', `There is no name ${written}.${suggestion} There is ${known.join(', ')}.`);
  }
  const { comparedWith } = reference;
  if (
    definition.values !== undefined &&
    comparedWith !== null &&
    !definition.values.includes(comparedWith.text)
  ) {
    walk.problems.push(impossibleComparison(written, comparedWith, definition.values));
  }
  return definition.type;
}

/** `event == 'pull-request'`: a comparison that can never be true. */
export function impossibleComparison(
  name: string,
  comparedWith: { readonly text: string; readonly offset: number },
  values: readonly string[],
): ExpressionProblem {
  const { text, offset } = comparedWith;
  return {
    code: 'impossible-comparison',
    message: `${name} is never "${text}".${didYouMean(text, values)} It is one of ${values.join(', ')}.`,
    offset,
    length: text.length + 2,
  };
}

function visitCall(walk: Walk, expr: Expr, locals: ReadonlySet<string>, loops: number): ValueType {
  if (expr.exprKind.case !== 'callExpr') return 'any';
  const { function: name, target, args } = expr.exprKind.value;
  if (name === '_[_]') return visitName(walk, expr, locals, loops, null);
  const visitPart = (part: Expr | undefined, other: Expr | undefined): ValueType => {
    const isName = part?.exprKind.case === 'identExpr' || part?.exprKind.case === 'selectExpr';
    if (part === undefined || !isName || !isEquality(name)) return visit(walk, part, locals, loops);
    const text = constantText(other);
    const offset = walk.positions[other?.id.toString() ?? ''] ?? 0;
    return visitName(walk, part, locals, loops, text === null ? null : { text, offset });
  };
  const types = args.map((arg, index) => visitPart(arg, args[index === 0 ? 1 : 0]));
  const operator = operators.get(name);
  if (operator !== undefined) {
    const wrong = operator.check(types);
    if (wrong !== null) problem(walk, expr, 'wrong-type', wrong);
    return operator.result(types);
  }
  const targetType = target === undefined ? null : visit(walk, target, locals, loops);
  if (name.startsWith('@')) return 'any';
  if (statusFunctions.has(name)) walk.usesStatus = true;
  return checkFunction(walk, expr, name, targetType, types, args);
}

const isEquality = (name: string): boolean => name === '_==_' || name === '_!=_';

function checkFunction(
  walk: Walk,
  expr: Expr,
  name: string,
  target: ValueType | null,
  types: readonly ValueType[],
  args: readonly Expr[],
): ValueType {
  const forms = functions.get(name);
  if (forms === undefined) {
    const message =
      name === 'hash'
        ? 'hash() is not part of this version.'
        : `There is no function ${name}().${didYouMean(name, [...functions.keys(), ...macros])}`;
    problem(walk, expr, name === 'hash' ? 'not-supported-yet' : 'unknown-function', message, name);
    return 'any';
  }
  const form = forms.find((each) => fits(each, target, types));
  if (form === undefined) {
    problem(
      walk,
      expr,
      'wrong-type',
      `${name} is written ${forms.map((each) => usage(name, each)).join(' or ')}.`,
      name,
    );
    return forms[0]?.result ?? 'any';
  }
  const pattern = name === 'matches' ? constantText(args[0]) : null;
  const broken = pattern === null ? null : regularExpressionProblem(pattern);
  if (broken !== null) {
    const message = `"${pattern}" is not a regular expression (RE2): ${broken}. Mend the pattern.`;
    problem(walk, args[0] ?? expr, 'bad-regular-expression', message, pattern ?? '');
  }
  return form.result;
}

const fits = (form: FunctionDefinition, target: ValueType | null, types: readonly ValueType[]): boolean =>
  (form.target === null) === (target === null) &&
  matchesType(target ?? 'any', form.target ?? 'any') &&
  form.arguments.length === types.length &&
  form.arguments.every((wanted, index) => matchesType(types[index] ?? 'any', wanted));

const matchesType = (given: ValueType, wanted: ValueType): boolean =>
  given === 'any' || wanted === 'any' || given === wanted;

function usage(name: string, form: FunctionDefinition): string {
  const target = form.target === null ? '' : `${form.target === 'any' ? 'value' : form.target}.`;
  const args = form.arguments.map((type) => (type === 'any' ? 'value' : type));
  return `${target}${name}(${args.join(', ')})`;
}

const constantText = (expr: Expr | undefined): string | null =>
  expr?.exprKind.case === 'constExpr' && expr.exprKind.value.constantKind.case === 'stringValue'
    ? expr.exprKind.value.constantKind.value
    : null;

/** Underlines `near` where it stands around the part, otherwise the whole expression. */
function problem(walk: Walk, expr: Expr, code: string, message: string, near?: string): void {
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
