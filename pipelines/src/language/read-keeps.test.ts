import { expect, test } from 'vitest';
import { trustScope } from '../plan/trust-scope.ts';
import type { StageKeeping } from './definition.ts';
import { parsePipeline } from './parse-pipeline.ts';

const parse = (keys: string) =>
  parsePipeline(
    `on: push\nstages:\n  build: { steps: [x], artifacts: { paths: dist } }\n  plain: { steps: [x] }\n  a:\n    needs: [build, plain]\n    steps: [x]\n${keys.replace(/^/gm, '    ')}\n`,
    'x.yml',
  );
const keeps = (keys: string): StageKeeping | undefined => {
  const work = parse(keys).definition?.stages.find((stage) => stage.id === 'a')?.work;
  return work?.kind === 'steps' ? work.keeps : undefined;
};
const codes = (keys: string): readonly string[] => parse(keys).diagnostics.map((each) => each.code);

test('artifacts have paths, a time and a condition; a stage takes those of its needs unless it says otherwise', () => {
  expect(keeps(`artifacts: { paths: [./dist/, '*.html'], keep: 2d, if: always() }`)).toMatchObject({
    artifacts: { paths: ['dist', '*.html'], keepMs: 172_800_000, if: 'always()' },
    artifactsFrom: null,
  });
  expect(keeps('artifacts: { from: [build] }')).toMatchObject({ artifacts: null, artifactsFrom: ['build'] });
  expect(keeps('artifacts: { from: [] }')).toMatchObject({ artifacts: null, artifactsFrom: [] });
});

test('a stage whose inputs have not changed may take over its result', () => {
  expect(keeps(`inputs_unchanged: reuse\ninputs: [./src/, package-lock.json]`)?.reuse).toEqual({
    inputs: ['src', 'package-lock.json'],
  });
  expect(keeps('artifacts: { from: [] }')).not.toHaveProperty('reuse');
});

test('a cache key keeps its hashes apart from what is filled in earlier', () => {
  const text = `cache:\n  - key: "npm-\${{ branch }}-\${{ hash('package-lock.json', '**/*.lock') }}"\n    restore: npm-\n    paths: [~/.npm, node_modules/]`;
  expect(keeps(text)?.cache).toEqual([
    {
      key: [
        { kind: 'text', text: 'npm-' },
        { kind: 'text', text: '${{ branch }}' },
        { kind: 'text', text: '-' },
        { kind: 'hash', globs: ['package-lock.json', '**/*.lock'] },
      ],
      restore: [[{ kind: 'text', text: 'npm-' }]],
      paths: ['~/.npm', 'node_modules'],
    },
  ]);
});

test.each([
  ['a path out of the workspace', 'artifacts: { paths: [../x] }', 'bad-pattern'],
  ['an absolute path', 'artifacts: { paths: [/etc/**] }', 'bad-pattern'],
  ['a pattern that takes away', `artifacts: { paths: ['!x'] }`, 'bad-pattern'],
  ['no paths', 'artifacts: { keep: 1d }', 'missing-key'],
  ['a stage that keeps nothing', 'artifacts: { from: [plain] }', 'no-artifacts'],
  ['a stage that is not there', 'artifacts: { from: [biuld] }', 'unknown-stage'],
  ['a cache of everything', 'cache: { key: k, paths: [~/] }', 'bad-path'],
  ['a cache of the workspace', 'cache: { key: k, paths: [.] }', 'bad-path'],
  ['a cache of a pattern', `cache: { key: k, paths: ['**/node_modules'] }`, 'bad-path'],
  ['a cache out of home', 'cache: { key: k, paths: [~/../etc] }', 'bad-path'],
  ['a hash that is not alone', `cache: { key: "\${{ hash('a') + 'b' }}", paths: [x] }`, 'hash-not-alone'],
  ['a hash of what is not known', 'cache: { key: "${{ hash(branch) }}", paths: [x] }', 'hash-not-alone'],
  ['a hash of no text', 'cache: { key: "${{ hash(1) }}", paths: [x] }', 'wrong-type'],
  ['a hash elsewhere', `env: { H: "\${{ hash('a') }}" }`, 'name-not-here'],
  ['inputs that nobody asks for', 'inputs: [src/**]', 'missing-key'],
  ['reuse without inputs', 'inputs_unchanged: reuse', 'missing-key'],
  ['reuse with empty inputs', 'inputs_unchanged: reuse\ninputs: []', 'empty-value'],
  ['an input out of the repository', 'inputs_unchanged: reuse\ninputs: [../x]', 'bad-pattern'],
  ['an unknown thing to do', 'inputs_unchanged: skip\ninputs: [src]', 'wrong-value'],
])('%s is told', (_, text, code) => {
  expect(codes(text)).toEqual([code]);
});

test('a fork reads what the repository has made and writes where only the same pull request reads', () => {
  const commit = { sha: 'a'.repeat(40), message: 'm', author: 'a' };
  const trigger = {
    event: 'pull_request',
    repository: 'r',
    actor: 'a',
    commit,
    number: 7,
    title: 't',
  } as const;
  const branches = { branch: 'main', targetBranch: 'main' };
  expect(trustScope({ ...trigger, ...branches, fromFork: true })).toEqual({
    write: 'fork-7',
    read: ['fork-7', 'shared'],
  });
  expect(trustScope({ ...trigger, ...branches, fromFork: false })).toEqual({
    write: 'shared',
    read: ['shared'],
  });
});
