// One text → another one that is a little, or very, wrong.
import type { Choices } from '@sluice/pipelines/random.fixture';
import { randomExpression } from './random-expression.ts';

/** Beyond this, mutations only shorten: the language itself refuses more than 1 MiB. */
const longest = 1_200_000;

export function mutate(text: string, choices: Choices): string {
  let result = text;
  const rounds = 1 + choices.below(6);
  for (let round = 0; round < rounds; round += 1) {
    const mutation = choices.chance(0.02) ? choices.oneOf(rare) : choices.oneOf(common);
    const mutated = mutation(result, choices);
    if (mutated.length <= longest) result = mutated;
  }
  return result;
}

type Mutation = (text: string, choices: Choices) => string;

const splice = (text: string, at: number, length: number, instead: string): string =>
  text.slice(0, at) + instead + text.slice(at + length);

const insert =
  (make: (choices: Choices) => string): Mutation =>
  (text, choices) =>
    splice(text, choices.below(text.length + 1), 0, make(choices));

const lines =
  (change: (all: string[], choices: Choices) => void): Mutation =>
  (text, choices) => {
    const all = text.split('\n');
    change(all, choices);
    return all.join('\n');
  };

/** The value behind one of the keys, replaced. */
const instead =
  (make: (choices: Choices) => string): Mutation =>
  (text, choices) => {
    const values = [...text.matchAll(/(?<=[\w\]}]: +|- )\S[^\n]*/g)];
    const value = values[choices.below(values.length)];
    return value === undefined ? text : splice(text, value.index, value[0].length, make(choices));
  };

const pieces = [
  '${{',
  '}}',
  '${{ ',
  ' }}',
  '"',
  "'",
  '\t',
  '[',
  ']',
  '{',
  '}',
  ': ',
  '- ',
  '|\n',
  '>-\n',
  '\r\n',
  '\u0000',
  '\ud800',
  '!tag ',
  '! ',
  '!!binary ',
  '!!timestamp ',
  '&a ',
  '*a ',
  '<<: *a',
  '? ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '#',
  '\\',
  '\ufeff',
  '\u00a0',
  '\u2028',
  '\u202e',
  '𝟘',
  'e\u0301',
  '🏳️‍🌈',
  '__proto__',
  'constructor',
  'toString',
  'NaN',
  '.inf',
  '-0',
  '1e999',
  '0x7fffffffffffffff',
  '0o7',
  '~',
  'null',
  'true',
  'yes',
  '2026-02-30',
  '12:30:45',
  '9007199254740993',
  '-',
] as const;

const words = [
  'needs',
  'need',
  'if',
  'matrix',
  'include',
  'exclude',
  'stages',
  'steps',
  'on',
  'push',
  'schedule',
  'cron',
  'env',
  'secret',
  'deploy',
  'build',
  'approve',
  'services',
  'cache',
  'artifacts',
  'outputs',
  'retry',
  'timeout',
  'concurrency',
  'a',
  'main',
  'metrics',
  'query',
  'budget',
  'canary',
  'rolling',
  '10m',
  '512Mi',
  '99999999999999999999d',
  '-1',
  '**/*{a,b}*',
  '* * * * *',
  '@yearly',
] as const;

const common: readonly [Mutation, ...Mutation[]] = [
  (text, choices) => {
    const at = choices.below(text.length || 1);
    return splice(text, at, 1, String.fromCharCode(text.charCodeAt(at) ^ (1 << choices.below(7))));
  },
  (text, choices) => splice(text, choices.below(text.length + 1), choices.below(40), ''),
  (text, choices) => {
    const from = choices.below(text.length + 1);
    return splice(text, choices.below(text.length + 1), 0, text.slice(from, from + choices.below(200)));
  },
  insert((choices) => choices.oneOf(pieces)),
  insert((choices) => choices.oneOf(words)),
  insert((choices) => String.fromCodePoint(choices.below(0x110000))),
  instead((choices) => choices.oneOf(words)),
  instead((choices) => choices.oneOf(pieces)),
  instead((choices) => `\${{ ${randomExpression(choices)} }}`),
  instead((choices) => randomExpression(choices)),
  lines((all, choices) => {
    const [a, b] = [choices.below(all.length), choices.below(all.length)];
    const [first = '', second = ''] = [all[a], all[b]];
    all[a] = second;
    all[b] = first;
  }),
  lines((all, choices) => void all.splice(choices.below(all.length), 1 + choices.below(3))),
  lines((all, choices) => {
    const at = choices.below(all.length);
    all.splice(choices.below(all.length), 0, ...all.slice(at, at + 1 + choices.below(5)));
  }),
  lines((all, choices) => {
    const at = choices.below(all.length);
    all[at] = `${choices.oneOf([' ', '  ', '    ', '\t', '- '])}${all[at] ?? ''}`;
  }),
  lines((all, choices) => {
    const at = choices.below(all.length);
    all[at] = (all[at] ?? '').replace(/^ {1,2}/, '');
  }),
];

const deep = (open: string, close: string, choices: Choices): string => {
  const depth = 1 + choices.below(choices.chance(0.2) ? 20_000 : 200);
  return open.repeat(depth) + (choices.chance(0.5) ? close.repeat(depth) : '');
};

const rare: readonly [Mutation, ...Mutation[]] = [
  instead((choices) => deep('[', ']', choices)),
  instead((choices) => deep('{a: ', '}', choices)),
  insert((choices) => deep('- ', '', choices)),
  insert((choices) => deep('? ', '', choices)),
  instead((choices) => `\${{ ${deep('(', ')', choices)} }}`),
  instead((choices) => `\${{ ${deep('!', '', choices)}true }}`),
  instead((choices) => 'x'.repeat(choices.below(200_000))),
  instead((choices) => '${{ branch }}'.repeat(choices.below(10_000))),
  instead((choices) => '${{ nope }}'.repeat(choices.below(10_000))),
  instead((choices) => '${{'.repeat(choices.below(50_000))),
  instead((choices) => `[${'a, '.repeat(choices.below(20_000))}a]`),
  instead((choices) => `"${'\\u0041\\n'.repeat(choices.below(20_000))}"`),
  // Each list holds the one before it nine times.
  (text) => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level}: &l${level} [${`*l${level - 1}, `.repeat(level === 0 ? 0 : 9)}x]`,
    );
    return `${levels.join('\n')}\n${text}`;
  },
  (text, choices) => {
    const count = choices.below(3_000);
    return `${Array.from(
      { length: count },
      (_, index) => `k${index}: &k${index} { <<: *k${index - 1}, a${index}: 1 }`,
    )
      .join('\n')
      .replace('<<: *k-1, ', '')}\n${text}`;
  },
  lines((all, choices) => {
    const line = all[choices.below(all.length)] ?? '';
    all.push(...Array.from({ length: choices.below(5_000) }, () => line));
  }),
  (_text, choices) => {
    const count = choices.below(5_000);
    const stage = choices.oneOf([
      '{ steps: [x] }',
      '{ needs: [nope], steps: [x] }',
      '{ matrix: { a: [1, 2], b: [3, 4] }, steps: [x] }',
      '{}',
      '{ if: "stages.s0.status == \'succeeded\'", needs: [s0], steps: [x] }',
      '{ artifacts: { from: [s1] }, steps: [x] }',
    ]);
    return `on: push\nstages:\n${Array.from({ length: count }, (_, index) => `  s${index}: ${stage}\n`).join('')}`;
  },
];
