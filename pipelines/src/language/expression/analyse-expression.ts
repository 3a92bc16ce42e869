// Walks a parsed CEL expression once: which names it uses, of which type it is, and every mistake that can be
// seen without knowing the file around it.
import { checkFunction } from './check-function.ts';
import { checkName } from './check-name.ts';
import {
  constantText,
  problem,
  type Expr,
  type ExpressionProblem,
  type Parsed,
  type Reference,
  type Walk,
} from './expression-walk.ts';
import { statusFunctions, type ValueType } from './names.ts';
import { operators } from './operators.ts';

export interface Analysis {
  readonly references: readonly Reference[];
  /** Whether it asks success(), failure(), always() or cancelled(). */
  readonly usesStatus: boolean;
  /** Whether it asks hash(), whose value only a checked-out repository has. */
  readonly usesHash: boolean;
  /** The patterns, where the whole expression is one hash() of written-out patterns; null otherwise. */
  readonly hashGlobs: readonly string[] | null;
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
    usesHash: false,
  };
  const type = visit(walk, parsed.expr, new Set(), 0);
  const { references, usesStatus, usesHash, problems } = walk;
  return { references, usesStatus, usesHash, hashGlobs: hashGlobsOf(parsed.expr), type, problems };
}

function hashGlobsOf(expr: Expr | undefined): readonly string[] | null {
  if (expr?.exprKind.case !== 'callExpr' || expr.exprKind.value.function !== 'hash') return null;
  const globs: string[] = [];
  for (const argument of expr.exprKind.value.args) {
    const glob = constantText(argument);
    if (glob === null) return null;
    globs.push(glob);
  }
  return globs;
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
      return checkName(walk, { path, offset: at, length, comparedWith });
    } else {
      visit(walk, current, locals, loops);
      return 'any';
    }
  }
  return 'any';
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
  if (name === 'hash') walk.usesHash = true;
  return checkFunction(walk, expr, name, targetType, types, args);
}

const isEquality = (name: string): boolean => name === '_==_' || name === '_!=_';
