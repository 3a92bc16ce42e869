// The grammar of GitHub's expressions.

export type GithubNode =
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  /** `github.event.pull_request['number']`; an index of a list is `commits[0]`. */
  | { readonly kind: 'path'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly GithubNode[] }
  | { readonly kind: 'not'; readonly inner: GithubNode }
  | { readonly kind: 'binary'; readonly sign: string; readonly left: GithubNode; readonly right: GithubNode };

const longest = 4_000;
const deepest = 40;
const unreadable = 'it is not an expression that the converter reads';

/** A problem is a text. */
export function parseGithub(text: string): GithubNode | string {
  const tokens = tokensOf(text.slice(0, longest));
  if (tokens === null) return unreadable;
  const parser: Parser = { tokens, at: 0, depth: 0 };
  const node = parseBinary(parser, 0);
  return node === null || parser.at < tokens.length ? unreadable : node;
}

interface Token {
  readonly kind: 'text' | 'number' | 'name' | 'sign';
  readonly text: string;
}

interface Parser {
  readonly tokens: readonly Token[];
  at: number;
  depth: number;
}

const pattern =
  /\s*(?:'((?:[^']|'')*)'|(-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))|([A-Za-z_][A-Za-z0-9_-]*)|(&&|\|\||==|!=|<=|>=|[<>!().,[\]*]))/y;

function tokensOf(text: string): readonly Token[] | null {
  const tokens: Token[] = [];
  const source = text.trim();
  pattern.lastIndex = 0;
  while (pattern.lastIndex < source.length) {
    const found = pattern.exec(source);
    if (found === null) return null;
    const [, quoted, number, name, sign = ''] = found;
    if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else tokens.push(name === undefined ? { kind: 'sign', text: sign } : { kind: 'name', text: name });
  }
  return tokens;
}

const levels: readonly (readonly string[])[] = [['||'], ['&&'], ['==', '!='], ['<', '<=', '>', '>=']];

function parseBinary(parser: Parser, level: number): GithubNode | null {
  const signs = levels[level];
  if (signs === undefined) return parseUnit(parser);
  let left = parseBinary(parser, level + 1);
  for (
    let sign = signAt(parser);
    left !== null && sign !== null && signs.includes(sign);
    sign = signAt(parser)
  ) {
    parser.at += 1;
    const right = parseBinary(parser, level + 1);
    left = right === null ? null : { kind: 'binary', sign, left, right };
  }
  return left;
}

const signAt = ({ tokens, at }: Parser): string | null => {
  const token = tokens[at];
  return token?.kind === 'sign' ? token.text : null;
};

function parseUnit(parser: Parser): GithubNode | null {
  parser.depth += 1;
  const node = parser.depth > deepest ? null : parseOne(parser);
  parser.depth -= 1;
  return node;
}

function parseOne(parser: Parser): GithubNode | null {
  const token = parser.tokens[parser.at];
  parser.at += 1;
  if (token === undefined) return null;
  switch (token.kind) {
    case 'text':
      return { kind: 'literal', value: token.text };
    case 'number':
      return { kind: 'literal', value: Number(token.text) };
    case 'name':
      return parseName(parser, token.text);
    case 'sign':
      break;
  }
  if (token.text === '!') {
    const inner = parseUnit(parser);
    return inner === null ? null : { kind: 'not', inner };
  }
  if (token.text !== '(') return null;
  const inner = parseBinary(parser, 0);
  if (signAt(parser) !== ')') return null;
  parser.at += 1;
  return inner;
}

function parseName(parser: Parser, name: string): GithubNode | null {
  if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
  if (name === 'null') return { kind: 'literal', value: '' };
  if (signAt(parser) === '(') return parseCall(parser, name);
  const path = [name];
  for (let sign = signAt(parser); sign === '.' || sign === '['; sign = signAt(parser)) {
    const part = parser.tokens[parser.at + 1];
    if (part === undefined) return null;
    const isIndex = part.kind === 'number';
    if (sign === '[' && isIndex) path.push(`${path.pop() ?? ''}[${part.text}]`);
    else path.push(part.text);
    parser.at += 2;
    if (sign === '.') continue;
    if (signAt(parser) !== ']') return null;
    parser.at += 1;
  }
  return { kind: 'path', path };
}

function parseCall(parser: Parser, name: string): GithubNode | null {
  const args: GithubNode[] = [];
  parser.at += 1;
  while (signAt(parser) !== ')') {
    const arg = parseBinary(parser, 0);
    if (arg === null) return null;
    args.push(arg);
    if (signAt(parser) === ',') parser.at += 1;
    else if (signAt(parser) !== ')') return null;
  }
  parser.at += 1;
  return { kind: 'call', name, args };
}
