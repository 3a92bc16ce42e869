// `$CI_COMMIT_BRANCH == "main" && $CI_COMMIT_TAG =~ /^v/` → CEL.
import type { Span } from '../language/source-file.ts';
import { and, atom, no, not, or, yes, type Cel } from './cel.ts';
import { changed, leftOut, type Conversion } from './conversion.ts';
import { variableCel, type Variables } from './gitlab-variables.ts';
import { scheduled } from './events.ts';
import { quoted } from './names.ts';

export interface ConditionContext {
  readonly conversion: Conversion;
  readonly variables: Variables;
  /** Whether merge requests start the pipeline at all. */
  readonly hasMergeRequests: boolean;
}

/** Null, after a note, where a part of it has no counterpart. */
export function gitlabCondition(context: ConditionContext, text: string, span: Span): Cel | null {
  const tokens = tokensOf(text);
  const problem = (why: string): null => {
    leftOut(context.conversion, span, {
      what: 'if',
      why: `${why}.`,
      whatToDo: 'The stage does not run until you write its if:.',
    });
    return null;
  };
  if (tokens === null || tokens.length > 200)
    return problem('this condition is not one that the converter reads');
  const parser: Parser = { tokens, at: 0, depth: 0, context, span };
  const result = parseOr(parser);
  if (typeof result === 'string') return problem(result);
  return parser.at === tokens.length ? result : problem('this condition is not one that the converter reads');
}

interface Token {
  readonly kind: 'variable' | 'text' | 'pattern' | 'null' | 'sign';
  readonly text: string;
  readonly flags?: string;
}

interface Parser {
  readonly tokens: readonly Token[];
  readonly context: ConditionContext;
  readonly span: Span;
  at: number;
  depth: number;
}

const tokenPattern =
  /\s*(?:\$\{?([A-Za-z_]\w*)\}?|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|\/((?:[^/\\\n]|\\.)+)\/([a-z]*)|(null\b)|(&&|\|\||==|!=|=~|!~|[()!]))/y;

function tokensOf(text: string): readonly Token[] | null {
  const tokens: Token[] = [];
  const source = text.slice(0, 4_000).trim();
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < source.length) {
    const found = tokenPattern.exec(source);
    if (found === null) return null;
    const [, variable, double, single, pattern, flags = '', nothing, sign] = found;
    if (variable !== undefined) tokens.push({ kind: 'variable', text: variable });
    else if (double !== undefined || single !== undefined)
      tokens.push({ kind: 'text', text: double ?? single ?? '' });
    else if (pattern !== undefined) tokens.push({ kind: 'pattern', text: pattern, flags });
    else tokens.push(nothing === undefined ? { kind: 'sign', text: sign ?? '' } : { kind: 'null', text: '' });
  }
  return tokens;
}

const next = (parser: Parser): Token | undefined => parser.tokens[parser.at];
const isSign = (parser: Parser, text: string): boolean =>
  next(parser)?.kind === 'sign' && next(parser)?.text === text;

/** A problem is a text. */
function parseOr(parser: Parser): Cel | string {
  const parts: Cel[] = [];
  do {
    const part = parseAnd(parser);
    if (typeof part === 'string') return part;
    parts.push(part);
  } while (isSign(parser, '||') && (parser.at += 1) > 0);
  return or(...parts);
}

function parseAnd(parser: Parser): Cel | string {
  const parts: Cel[] = [];
  do {
    const part = parseUnit(parser);
    if (typeof part === 'string') return part;
    parts.push(part);
  } while (isSign(parser, '&&') && (parser.at += 1) > 0);
  return and(...parts);
}

function parseUnit(parser: Parser): Cel | string {
  if (parser.depth > 30) return 'this condition stands too deep inside itself';
  if (isSign(parser, '!') || isSign(parser, '(')) {
    const isNot = isSign(parser, '!');
    parser.at += 1;
    parser.depth += 1;
    const inner = isNot ? parseUnit(parser) : parseOr(parser);
    parser.depth -= 1;
    if (typeof inner === 'string') return inner;
    if (isNot) return not(inner);
    if (!isSign(parser, ')')) return 'a bracket is not closed';
    parser.at += 1;
    return inner;
  }
  return parseComparison(parser);
}

function parseComparison(parser: Parser): Cel | string {
  const left = next(parser);
  if (left === undefined || left.kind === 'sign') return 'a value is missing in this condition';
  parser.at += 1;
  const sign = next(parser);
  const isComparison = sign?.kind === 'sign' && ['==', '!=', '=~', '!~'].includes(sign.text);
  if (!isComparison) return truth(parser, left);
  parser.at += 1;
  const right = next(parser);
  if (right === undefined || right.kind === 'sign') return 'a value is missing in this condition';
  parser.at += 1;
  const isNegated = sign.text.startsWith('!');
  const positive = sign.text.endsWith('~') ? matching(parser, left, right) : equal(parser, left, right);
  if (typeof positive === 'string') return positive;
  return isNegated ? not(positive) : positive;
}

/** `$NAME` alone: it is set, and not empty. */
function truth(parser: Parser, token: Token): Cel | string {
  if (token.kind === 'null') return no;
  if (token.kind !== 'variable') return token.text === '' ? no : yes;
  const special = presence(token.text, parser.context);
  if (special !== null) return special;
  const value = valueOf(parser, token);
  return value === null ? no : atom(`${value} != ''`);
}

/** When GitLab sets a variable at all. */
function presence(name: string, { hasMergeRequests }: ConditionContext): Cel | null {
  if (name === 'CI_COMMIT_TAG' || name === 'CI_BUILD_TAG') return atom("event == 'tag'");
  if (name.startsWith('CI_MERGE_REQUEST_')) return atom("event == 'pull_request'");
  if (name === 'CI_OPEN_MERGE_REQUESTS') return no;
  if (name !== 'CI_COMMIT_BRANCH') return null;
  const noTag = atom("event != 'tag'");
  return hasMergeRequests ? and(noTag, atom("event != 'pull_request'")) : noTag;
}

function equal(parser: Parser, left: Token, right: Token): Cel | string {
  const variable = left.kind === 'variable' ? left : right;
  const other = variable === left ? right : left;
  if (other.kind === 'pattern') return 'a pattern is compared with ==';
  if (other.kind === 'null' || (other.kind === 'text' && other.text === '' && variable.kind === 'variable')) {
    const present = truth(parser, variable);
    return typeof present === 'string' ? present : not(present);
  }
  if (variable.kind === 'variable' && other.kind === 'text') {
    const special = sourceEquals(parser, variable.text, other.text);
    if (special !== null) return special;
  }
  const a = valueOf(parser, variable);
  const b = valueOf(parser, other);
  if (a === null || b === null) return no;
  return guarded(parser, variable, atom(`${a} == ${b}`));
}

/** A branch pipeline's variable says nothing of a merge request. */
const guarded = (parser: Parser, token: Token, condition: Cel): Cel =>
  token.text === 'CI_COMMIT_BRANCH' && parser.context.hasMergeRequests
    ? and(atom("event != 'pull_request'"), condition)
    : condition;

const sources: Readonly<Record<string, Cel>> = {
  push: or(atom("event == 'push'"), atom("event == 'tag'")),
  merge_request_event: atom("event == 'pull_request'"),
  external_pull_request_event: atom("event == 'pull_request'"),
  web: atom("event == 'manual'"),
  schedule: scheduled,
};

function sourceEquals(parser: Parser, name: string, value: string): Cel | null {
  if (name !== 'CI_PIPELINE_SOURCE') return null;
  const source = Object.hasOwn(sources, value) ? sources[value] : undefined;
  if (source !== undefined) return source;
  changed(parser.context.conversion, parser.span, {
    what: 'if',
    why: `no event here is GitLab's "${value.slice(0, 40)}", so that part is never true.`,
  });
  return no;
}

function matching(parser: Parser, left: Token, right: Token): Cel | string {
  if (right.kind !== 'pattern') return 'the pattern stands in a variable';
  const value = valueOf(parser, left);
  if (value === null) return no;
  const flags = (right.flags ?? '').replace(/[^imsU]/g, '');
  const matches = atom(`${value}.matches(${quoted(patternOf(right.text, flags))})`);
  return guarded(parser, left, matches);
}

/** CEL text; null, after a note, where nobody knows the value. */
function valueOf({ context, span }: Parser, token: Token): string | null {
  if (token.kind === 'text') return quoted(token.text);
  if (token.kind !== 'variable') return "''";
  const cel = variableCel(token.text, context.variables);
  if (cel === null) {
    changed(context.conversion, span, {
      what: `$${token.text}`,
      why: 'it is set in GitLab itself, and counts as empty here.',
      whatToDo: `Add ${token.text} under env, or an input to on: manual, and compare it in if:.`,
    });
  } else if (token.text === 'CI_DEFAULT_BRANCH') {
    changed(context.conversion, span, {
      what: '$CI_DEFAULT_BRANCH',
      why: 'it is written as main.',
      whatToDo: 'Change it if your default branch has another name.',
    });
  }
  return cel === 'run.number' || cel === 'pull_request.number' ? `string(${cel})` : cel;
}

/** Ruby's anchors are those of RE2 here. */
const patternOf = (text: string, flags: string): string =>
  (flags === '' ? '' : `(?${flags})`) +
  text.replace(/\\[\s\S]/g, (escape) =>
    escape === '\\/' ? '/' : escape === '\\A' ? '^' : escape === '\\Z' || escape === '\\z' ? '$' : escape,
  );

/** A reference of `only` or `except`: a word of GitLab's, a branch or tag, or `/pattern/`. */
export function gitlabRef(context: ConditionContext, written: string, span: Span): Cel {
  const [, ref = '', path] = /^(\/.*?\/[a-z]*|[^@]*)(?:@(.*))?$/s.exec(written) ?? [];
  if (path !== undefined)
    changed(context.conversion, span, {
      what: written.slice(0, 60),
      why: 'the part behind @ is not looked at.',
    });
  const pattern = /^\/(.*)\/([a-z]*)$/s.exec(ref);
  if (pattern !== null) {
    const flags = (pattern[2] ?? '').replace(/[^imsU]/g, '');
    const value = quoted(patternOf(pattern[1] ?? '', flags));
    return or(
      branchGuard(context, atom(`branch.matches(${value})`)),
      and(atom("event == 'tag'"), atom(`tag.matches(${value})`)),
    );
  }
  const word = Object.hasOwn(refWords, ref) ? refWords[ref] : undefined;
  if (word === null) {
    changed(context.conversion, span, {
      what: ref,
      why: 'there is no such event here, so it is never true.',
    });
    return no;
  }
  if (word === undefined) return branchGuard(context, atom(`branch == ${quoted(ref)}`));
  return ref === 'branches'
    ? and(...(context.hasMergeRequests ? [word, atom("event != 'pull_request'")] : [word]))
    : word;
}

const branchGuard = ({ hasMergeRequests }: ConditionContext, condition: Cel): Cel =>
  hasMergeRequests ? and(atom("event != 'pull_request'"), condition) : condition;

/** Null: an event that does not exist here. */
const refWords: Readonly<Record<string, Cel | null>> = {
  branches: atom("event != 'tag'"),
  tags: atom("event == 'tag'"),
  merge_requests: atom("event == 'pull_request'"),
  external_pull_requests: atom("event == 'pull_request'"),
  pushes: or(atom("event == 'push'"), atom("event == 'tag'")),
  web: atom("event == 'manual'"),
  schedules: scheduled,
  api: null,
  triggers: null,
  pipelines: null,
  chat: null,
  external: null,
};
