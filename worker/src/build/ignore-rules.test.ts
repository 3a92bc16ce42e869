import { expect, test } from 'vitest';
import { ignoreRules } from './ignore-rules.ts';

test('patterns are those of .dockerignore: from the root, with ** and exceptions', () => {
  const rules = ignoreRules('# comment\nnode_modules\n**/*.log\n!keep.log\n/dist\n');
  const paths = [
    'node_modules/a',
    'app/node_modules/a',
    'a.log',
    'x/y.log',
    'keep.log',
    'dist/x',
    'src/dist/x',
  ];
  expect(paths.filter((path) => rules.ignores(path))).toEqual([
    'node_modules/a',
    'a.log',
    'x/y.log',
    'dist/x',
  ]);
});

test('an ignored folder need not be entered unless a line takes something back', () => {
  expect(ignoreRules('logs\n').mayKeepBelow('logs')).toBe(false);
  expect(ignoreRules('logs\n!logs/keep\n').mayKeepBelow('logs')).toBe(true);
});
