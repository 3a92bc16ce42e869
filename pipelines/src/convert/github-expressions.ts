// `github.ref == 'refs/heads/main' && !cancelled()` → CEL.
import { and, atom, no, not, or, yes, type Cel } from './cel.ts';
import { scheduled } from './events.ts';
import { parseGithub, type GithubNode } from './github-grammar.ts';
import { quoted, variableOf } from './names.ts';

export interface GithubScope {
  /** Name → type of `workflow_dispatch` inputs. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Values of the matrix by its own names; text: the one value that is left of it. */
  readonly matrix: ReadonlyMap<string, string | null>;
  /** Variables with plain values. */
  readonly env: ReadonlySet<string>;
  /** Job → stage. */
  readonly stageOf: (job: string) => string | undefined;
  readonly workflow: string;
}

export interface GithubValue {
  readonly cel: Cel;
  readonly type: 'text' | 'boolean' | 'number';
  /** Nobody but the pipeline's owners decides what it says, so that a shell may read it. */
  readonly isSafe: boolean;
  /** Known here and now. */
  readonly literal?: string | boolean;
}

/** A problem is a text. */
export function githubValue(scope: GithubScope, text: string): GithubValue | string {
  const parsed = parseGithub(text);
  return typeof parsed === 'string' ? parsed : valueOf(scope, parsed);
}

/** A condition; what is no question asks whether it is empty. A problem is a text. */
export function githubCondition(scope: GithubScope, text: string): Cel | string {
  const inner = /^\s*\$\{\{([^]*)\}\}\s*$/.exec(text)?.[1];
  if (inner === undefined && text.includes('${{')) return 'it mixes text and expressions';
  const parsed = parseGithub(inner ?? text);
  return typeof parsed === 'string' ? parsed : truthOf(scope, parsed);
}

const isProblem = (value: GithubValue | Cel | string): value is string => typeof value === 'string';
const text = (cel: string, isSafe = false): GithubValue => ({
  cel: cel.includes(' ') && !cel.startsWith("'") ? { text: cel, joint: 'other' } : atom(cel),
  type: 'text',
  isSafe,
});
const literal = (value: string): GithubValue => ({
  cel: atom(quoted(value)),
  type: 'text',
  isSafe: true,
  literal: value,
});
const boolean = (cel: Cel): GithubValue => ({
  cel,
  type: 'boolean',
  isSafe: true,
  ...(cel.text === 'true' || cel.text === 'false' ? { literal: cel.text === 'true' } : {}),
});
const bracketed = ({ joint, text: written }: Cel): string => (joint === 'atom' ? written : `(${written})`);

function truthOf(scope: GithubScope, node: GithubNode): Cel | string {
  if (node.kind === 'binary' && (node.sign === '&&' || node.sign === '||')) {
    const left = truthOf(scope, node.left);
    const right = truthOf(scope, node.right);
    if (isProblem(left)) return left;
    if (isProblem(right)) return right;
    return node.sign === '&&' ? and(left, right) : or(left, right);
  }
  if (node.kind === 'not') {
    const inner = truthOf(scope, node.inner);
    return isProblem(inner) ? inner : not(inner);
  }
  const value = valueOf(scope, node);
  if (isProblem(value)) return value;
  if (value.literal !== undefined) return value.literal === '' || value.literal === false ? no : yes;
  if (value.type === 'boolean') return value.cel;
  return atom(`${bracketed(value.cel)} != ${value.type === 'text' ? "''" : '0'}`);
}

function valueOf(scope: GithubScope, node: GithubNode): GithubValue | string {
  switch (node.kind) {
    case 'literal':
      return typeof node.value === 'string'
        ? literal(node.value)
        : typeof node.value === 'boolean'
          ? boolean(node.value ? yes : no)
          : { cel: atom(String(node.value)), type: 'number', isSafe: true };
    case 'path':
      return pathValue(scope, node.path);
    case 'call':
      return callValue(scope, node.name, node.args);
    case 'not': {
      const inner = truthOf(scope, node);
      return isProblem(inner) ? inner : boolean(inner);
    }
    case 'binary':
      return node.sign === '&&' || node.sign === '||' ? chosen(scope, node) : compared(scope, node);
  }
}

/** `a && b || c` chooses a value there; here `a ? b : c` does. */
function chosen(scope: GithubScope, node: Extract<GithubNode, { kind: 'binary' }>): GithubValue | string {
  const right = valueOf(scope, node.right);
  if (isProblem(right)) return right;
  if (
    node.sign === '||' &&
    node.left.kind === 'binary' &&
    node.left.sign === '&&' &&
    right.type !== 'boolean'
  ) {
    const condition = truthOf(scope, node.left.left);
    const value = valueOf(scope, node.left.right);
    if (isProblem(condition)) return condition;
    if (isProblem(value)) return value;
    return text(
      `${bracketed(condition)} ? ${asText(value)} : ${asText(right)}`,
      value.isSafe && right.isSafe,
    );
  }
  const left = valueOf(scope, node.left);
  if (isProblem(left)) return left;
  const isOr = node.sign === '||';
  if (left.type === 'boolean' && right.type === 'boolean') {
    const condition = truthOf(scope, node);
    return isProblem(condition) ? condition : boolean(condition);
  }
  if (left.literal !== undefined) return isEmptyLiteral(left.literal) === isOr ? right : left;
  const asked = truthOf(scope, node.left);
  if (isProblem(asked)) return asked;
  const otherwise = left.type === 'boolean' ? "'false'" : left.type === 'number' ? "'0'" : "''";
  return text(
    `${bracketed(asked)} ? ${isOr ? asText(left) : asText(right)} : ${isOr ? asText(right) : otherwise}`,
    left.isSafe && right.isSafe,
  );
}

const isEmptyLiteral = (value: string | boolean): boolean => value === '' || value === false;

/** What an expression of this value writes. */
const asText = ({ cel, type }: GithubValue): string =>
  type === 'text' ? bracketed(cel) : `string(${cel.text})`;

function compared(scope: GithubScope, node: Extract<GithubNode, { kind: 'binary' }>): GithubValue | string {
  const isEqual = node.sign === '==';
  if (isEqual || node.sign === '!=') {
    const special =
      specialEquals(scope, node.left, node.right) ?? specialEquals(scope, node.right, node.left);
    if (special !== null) return isProblem(special) ? special : boolean(isEqual ? special : not(special));
  }
  const left = valueOf(scope, node.left);
  const right = valueOf(scope, node.right);
  if (isProblem(left)) return left;
  if (isProblem(right)) return right;
  if (left.literal !== undefined && right.literal !== undefined && (isEqual || node.sign === '!='))
    return boolean(
      (String(left.literal).toLowerCase() === String(right.literal).toLowerCase()) === isEqual ? yes : no,
    );
  const flag = flagEquals(left, right) ?? flagEquals(right, left);
  if (flag !== null && (isEqual || node.sign === '!=')) return boolean(isEqual ? flag : not(flag));
  if (left.type !== right.type) return 'it compares values of different kinds';
  return boolean(atom(`${bracketed(left.cel)} ${node.sign} ${bracketed(right.cel)}`));
}

/** `inputs.dry_run == 'true'` asks a boolean. */
function flagEquals(flag: GithubValue, other: GithubValue): Cel | null {
  if (flag.type !== 'boolean' || other.literal === undefined) return null;
  const wanted = String(other.literal);
  return wanted === 'true' ? flag.cel : wanted === 'false' || wanted === '' ? not(flag.cel) : no;
}

const events: Readonly<Record<string, Cel>> = {
  push: or(atom("event == 'push'"), atom("event == 'tag'")),
  pull_request: atom("event == 'pull_request'"),
  pull_request_target: atom("event == 'pull_request'"),
  workflow_dispatch: atom("event == 'manual'"),
  repository_dispatch: atom("event == 'manual'"),
  release: atom("event == 'tag'"),
  schedule: scheduled,
};

const results: Readonly<Record<string, string>> = {
  success: 'succeeded',
  failure: 'failed',
  cancelled: 'cancelled',
  skipped: 'skipped',
};
const noPullRequest = atom("event != 'pull_request'");

/** Comparisons whose two sides are written differently here. */
function specialEquals(scope: GithubScope, left: GithubNode, right: GithubNode): Cel | string | null {
  if (left.kind !== 'path' || right.kind !== 'literal' || typeof right.value !== 'string') return null;
  const { value } = right;
  const path = left.path.join('.');
  if (path === 'github.event_name') return Object.hasOwn(events, value) ? (events[value] ?? no) : no;
  if (path === 'github.ref_type') return atom(value === 'tag' ? "event == 'tag'" : "event != 'tag'");
  if (path === 'github.repository_owner') return atom(`repository.startsWith(${quoted(`${value}/`)})`);
  if (path === 'runner.os') return value.toLowerCase() === 'linux' ? yes : no;
  if (path === 'github.event.action') return 'what happened to the pull request is not known here';
  if (path === 'github.ref' || path === 'github.event.ref')
    return refEquals(value, (name, wanted) => `${name} == ${wanted}`);
  if (left.path[0] === 'needs' && left.path[2] === 'result') {
    const stage = scope.stageOf(left.path[1] ?? '');
    const result = Object.hasOwn(results, value) ? results[value] : undefined;
    return stage === undefined || result === undefined
      ? 'it asks for a job that is not here'
      : atom(`stages[${quoted(stage)}].status == '${result}'`);
  }
  return null;
}

function refEquals(value: string, compare: (name: string, wanted: string) => string): Cel {
  const [, kind, name = ''] = /^refs\/(heads|tags)\/(.*)$/s.exec(value) ?? [];
  if (kind === 'heads') return and(noPullRequest, atom(compare('branch', quoted(name))));
  if (kind === 'tags') return name === '' ? atom("event == 'tag'") : atom(compare('tag', quoted(name)));
  return no;
}

const fullRef = "event == 'tag' ? 'refs/tags/' + tag : 'refs/heads/' + branch";

/** In GitHub's own words, which scripts compare. */
export const eventName = "event == 'manual' ? 'workflow_dispatch' : event == 'tag' ? 'push' : event";

/** Our names; those that only members of the project write may stand in a command. */
const names: Readonly<Record<string, GithubValue>> = {
  'github.sha': text('commit.sha', true),
  'github.event.after': text('commit.sha', true),
  'github.event.pull_request.head.sha': text('commit.sha', true),
  'github.ref': text(fullRef),
  'github.event.ref': text(fullRef),
  'github.ref_name': text("event == 'tag' ? tag : branch"),
  'github.head_ref': text("event == 'pull_request' ? branch : ''"),
  'github.event.pull_request.head.ref': text('branch'),
  'github.base_ref': text('pull_request.target_branch', true),
  'github.event.pull_request.base.ref': text('pull_request.target_branch', true),
  'github.event_name': text(eventName, true),
  'github.repository': text('repository', true),
  'github.run_id': text('run.id', true),
  'github.run_number': text('string(run.number)', true),
  'github.run_attempt': literal('1'),
  'github.event.number': { cel: atom('pull_request.number'), type: 'number', isSafe: true },
  'github.event.pull_request.number': { cel: atom('pull_request.number'), type: 'number', isSafe: true },
  'github.event.pull_request.title': text('pull_request.title'),
  'github.event.head_commit.message': text('commit.message'),
  'github.event.commits[0].message': text('commit.message'),
  'github.workspace': literal('/workspace'),
  'github.server_url': literal('https://github.com'),
  'github.event.repository.default_branch': literal('main'),
  'runner.os': literal('Linux'),
  'runner.arch': literal('X64'),
  'runner.temp': literal('/tmp'),
};

function pathValue(scope: GithubScope, path: readonly string[]): GithubValue | string {
  const [root = '', name = '', ...rest] = path;
  const written = path.join('.');
  const known = Object.hasOwn(names, written) ? names[written] : undefined;
  if (known !== undefined) return known;
  if (written === 'github.workflow') return literal(scope.workflow);
  if (root === 'inputs' && rest.length === 0) return inputValue(scope, name);
  if (root === 'github' && name === 'event' && rest[0] === 'inputs' && rest.length === 2)
    return inputValue(scope, rest[1] ?? '');
  if (root === 'matrix' && rest.length === 0 && scope.matrix.has(name)) {
    const only = scope.matrix.get(name) ?? null;
    return only === null ? { ...text(`matrix.${variableOf(name)}`, true) } : literal(only);
  }
  if (root === 'env' && rest.length === 0 && scope.env.has(name)) return text(`env.${name}`);
  return `${written.slice(0, 60)} has no counterpart`;
}

function inputValue(scope: GithubScope, name: string): GithubValue | string {
  const type = scope.inputs.get(name);
  if (type === undefined) return `inputs.${name} is not an input of on: manual`;
  const cel = atom(`inputs.${variableOf(name)}`);
  return type === 'boolean'
    ? boolean(cel)
    : { cel, type: type === 'number' ? 'number' : 'text', isSafe: false };
}

const statuses: ReadonlySet<string> = new Set(['success', 'failure', 'always', 'cancelled']);

function callValue(scope: GithubScope, name: string, args: readonly GithubNode[]): GithubValue | string {
  const word = name.toLowerCase();
  if (statuses.has(word)) return boolean(atom(`${word}()`));
  const [first, second] = args;
  if (first === undefined) return `${name}() has no counterpart`;
  if (
    word === 'startswith' &&
    first.kind === 'path' &&
    first.path.join('.') === 'github.ref' &&
    second?.kind === 'literal'
  )
    return boolean(refStarts(String(second.value)));
  if (
    word === 'contains' &&
    first.kind === 'call' &&
    first.name.toLowerCase() === 'fromjson' &&
    second !== undefined
  )
    return oneOf(scope, first.args[0], second);
  if (word === 'format') return formatted(scope, args);
  if (word === 'fromjson' && first.kind !== 'literal') return valueOf(scope, first);
  if (word === 'hashfiles')
    return {
      ...text(
        `hash(${args
          .slice(0, 5)
          .map((arg) => quoted(arg.kind === 'literal' ? String(arg.value) : '**'))
          .join(', ')})`,
        true,
      ),
    };
  const methods: Readonly<Record<string, string>> = {
    startswith: 'startsWith',
    endswith: 'endsWith',
    contains: 'contains',
  };
  const method = Object.hasOwn(methods, word) ? methods[word] : undefined;
  if (method === undefined || second === undefined) return `${name}() has no counterpart`;
  const target = valueOf(scope, first);
  const part = valueOf(scope, second);
  if (isProblem(target)) return target;
  if (isProblem(part)) return part;
  if (typeof target.literal === 'string' && typeof part.literal === 'string')
    return boolean(folded(word, target.literal, part.literal) ? yes : no);
  return boolean(atom(`${bracketed(target.cel)}.${method}(${part.cel.text})`));
}

function folded(word: string, target: string, part: string): boolean {
  const [a, b] = [target.toLowerCase(), part.toLowerCase()];
  return word === 'contains' ? a.includes(b) : word === 'startswith' ? a.startsWith(b) : a.endsWith(b);
}

function refStarts(value: string): Cel {
  if (value === 'refs/tags/' || value === 'refs/tags') return atom("event == 'tag'");
  if (value === 'refs/heads/' || value === 'refs/heads') return and(noPullRequest, atom("event != 'tag'"));
  return refEquals(value, (name, wanted) => `${name}.startsWith(${wanted})`);
}

/** `contains(fromJSON('["a", "b"]'), x)` */
function oneOf(scope: GithubScope, list: GithubNode | undefined, item: GithubNode): GithubValue | string {
  const value = valueOf(scope, item);
  if (isProblem(value)) return value;
  if (list?.kind !== 'literal') return 'its list is not written out';
  const words = [...String(list.value).matchAll(/"([^"\\]*)"/g)].map((each) => each[1] ?? '');
  if (item.kind === 'path' && item.path.join('.') === 'github.event_name')
    return boolean(or(...words.map((word) => (Object.hasOwn(events, word) ? (events[word] ?? no) : no))));
  if (typeof value.literal === 'string') return boolean(words.includes(value.literal) ? yes : no);
  return boolean(atom(`${bracketed(value.cel)} in [${words.map(quoted).join(', ')}]`));
}

/** `format('{0}-{1}', a, b)` */
function formatted(scope: GithubScope, [pattern, ...args]: readonly GithubNode[]): GithubValue | string {
  if (pattern?.kind !== 'literal') return 'its pattern is not written out';
  const parts: string[] = [];
  let isSafe = true;
  for (const [piece] of String(pattern.value).matchAll(/\{\d+\}|[^{}]+|[{}]/g)) {
    const index = /^\{(\d+)\}$/.exec(piece)?.[1];
    const arg = index === undefined ? undefined : args[Number(index)];
    const value = arg === undefined ? literal(piece) : valueOf(scope, arg);
    if (isProblem(value)) return value;
    isSafe &&= value.isSafe;
    parts.push(value.type === 'text' ? bracketed(value.cel) : `string(${value.cel.text})`);
  }
  return text(parts.join(' + '), isSafe);
}
