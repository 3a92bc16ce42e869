// Expressions: of right ones' pieces, right or wrong, deep, long, and with patterns that make other engines explode.
import type { Choices } from '@sluice/pipelines/random.fixture';

export function randomExpression(choices: Choices): string {
  const depth = choices.chance(0.05) ? 30 : 1 + choices.below(5);
  const text = expression(choices, depth);
  if (choices.chance(0.02)) return nested(text, choices);
  return choices.chance(0.3) ? broken(text, choices) : text;
}

const names = [
  'branch',
  'tag',
  'event',
  'repository',
  'commit.message',
  'commit.sha',
  'commit.author',
  'pull_request.title',
  'pull_request.number',
  'inputs.level',
  'inputs.rounds',
  'inputs.nope',
  'env.CI',
  'env.NOPE',
  'matrix.node',
  'run.number',
  'stages.a.status',
  "stages['a'].outputs.v",
  'stages.a.outputs.list',
  'version',
  'nope',
  'commit',
  'stages',
  'true',
  'null',
  '1',
  '-1',
  '1.5',
  '9223372036854775807',
  "'main'",
  '"v1"',
  "b'bytes'",
  "r'\\d'",
  '[]',
  '{}',
  '[1, 2]',
  "{'a': 1}",
  "''",
  '1u',
  '0xff',
  '1e400',
  "'''x'''",
] as const;

const binary = ['==', '!=', '<', '<=', '>', '>=', '&&', '||', '+', '-', '*', '/', '%', 'in'] as const;

/** Exponential for engines that backtrack, large for those that count, or no pattern at all. */
export const patterns = [
  '(a+)+$',
  '(a|a)*$',
  '(a|aa)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(x+x+)+y',
  '(.*){10}',
  '((a{50}){20})',
  '(.{1,1000}){1}',
  'a{1000}',
  '(?i)(é|É)*',
  '\\pL{500}',
  '[[:alpha:]]*',
  '(?!x)',
  '(?<=x)y',
  '\\1',
  '[',
  '*',
  '(((((((((((((((((((a)))))))))))))))))))*',
  '(a?){60}a{60}',
  '',
  '.*.*.*.*.*x',
  '(\\w+\\s?)*$',
  '^(main|release/.*)$',
] as const;

function expression(choices: Choices, depth: number): string {
  if (depth <= 0) return choices.oneOf(names);
  const part = (): string => expression(choices, depth - 1 - choices.below(2));
  switch (choices.below(9)) {
    case 0:
      return choices.oneOf(names);
    case 1:
    case 2:
      return `${part()} ${choices.oneOf(binary)} ${choices.chance(0.5) ? choices.oneOf(names) : part()}`;
    case 3:
      return `(${part()})`;
    case 4:
      return `${choices.oneOf(['!', '-', '!!', '--'])}${part()}`;
    case 5:
      return `${choices.oneOf(names)}.${choices.oneOf(['startsWith', 'endsWith', 'contains', 'matches', 'nope'])}(${part()})`;
    case 6:
      return `${choices.oneOf(['commit.message', 'branch', choices.oneOf(names)])}.matches('${choices.oneOf(patterns)}')`;
    case 7:
      return `${choices.oneOf(['size', 'int', 'double', 'string', 'bool', 'has', 'hash', 'success', 'failure', 'always', 'type', 'duration', 'timestamp', 'dyn'])}(${choices.chance(0.3) ? '' : part()})`;
    default:
      return choices.oneOf([
        `${part()} ? ${choices.oneOf(names)} : ${choices.oneOf(names)}`,
        `[1, 2, ${choices.oneOf(names)}].${choices.oneOf(['all', 'exists', 'map', 'filter', 'exists_one'])}(x, ${choices.oneOf(['x > 1', 'x == branch', '[1].all(y, y == x)'])})`,
        `${choices.oneOf(names)}[${part()}]`,
        `{'a': ${choices.oneOf(names)}}.a`,
      ]);
  }
}

function broken(text: string, choices: Choices): string {
  const at = choices.below(text.length + 1);
  const pieces = [
    '(',
    ')',
    '[',
    ']',
    "'",
    '"',
    '\\',
    '}}',
    '${{',
    '=',
    '$',
    '?',
    ':',
    '.',
    ',',
    '🎈',
    '\u0000',
    '\n',
    ' and ',
    '{',
    '`',
    '@',
    ';',
    '//',
  ] as const;
  return text.slice(0, at) + choices.oneOf(pieces) + text.slice(at + choices.below(4));
}

/** One construct inside itself, up to the longest expression that is read, and longer. */
function nested(text: string, choices: Choices): string {
  const depth = 1 + choices.below(500);
  const [open, close] = choices.oneOf<readonly [string, string]>([
    ['(', ')'],
    ['!', ''],
    ['-', ''],
    ['[', ']'],
    ["{'a': ", '}'],
    ['size(', ')'],
    ['true ? ', ' : 1'],
    ['a.', ''],
    ['a[', ']'],
    ['1 + ', ''],
    ['true && ', ''],
    ['x.all(y, ', ')'],
    ['string(', ')'],
  ]);
  return open.repeat(depth) + text + (choices.chance(0.8) ? close.repeat(depth) : '');
}
