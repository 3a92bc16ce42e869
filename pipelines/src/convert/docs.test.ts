import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { convertPipeline, converters } from './convert-pipeline.ts';
import { systems } from './detect-system.ts';
import { fixtures } from './fixtures.ts';
import { githubActions, type KnownAction } from './github-actions.ts';
import type { KeyRule, KeyTable } from './key-table.ts';

const page = readFileSync(new URL('../../../docs/convert.md', import.meta.url), 'utf8');

describe.each(systems)('%s', (system) => {
  const { keys, title }: { readonly keys: KeyTable; readonly title: string } = converters[system];
  const names = Object.entries(keys).flatMap(([group, rules]) =>
    Object.keys(rules).map((key) => `${group}.${key}`),
  );

  test('the page says of every key what becomes of it', () => {
    const rows = Object.entries(keys).flatMap(([group, rules]) =>
      Object.entries(rules).map(([key, rule]) => [`\`${group}\``, `\`${key}\``, ...wordsOf(rule)].map(plain)),
    );
    expect(rowsBelow(`## ${title}`)).toEqual(rows);
  });

  test('a fixture uses every key', () => {
    const met = new Set(
      fixtures
        .filter((each) => each.system === system)
        .flatMap(({ text }) => {
          const result = convertPipeline(text, 'file.yml', system);
          return result.kind === 'converted' ? result.keys.map((key) => key.name) : [];
        }),
    );
    expect(names.filter((name) => !met.has(name))).toEqual([]);
  });
});

test('the page lists the actions that are known', () => {
  const rows = Object.entries(githubActions).map(([name, action]) =>
    [`\`${name}\``, actionWords(action)].map(plain),
  );
  expect(rowsBelow('## Actions')).toEqual(rows);
});

function wordsOf(rule: KeyRule): readonly string[] {
  if (rule.fate === 'carried') return ['carried over', rule.becomes];
  const words = `${rule.why} ${rule.whatToDo}`.trim();
  return rule.fate === 'changed' ? ['changed', `${rule.becomes}: ${words}`] : ['left out', words];
}

function actionWords(action: KnownAction): string {
  switch (action.kind) {
    case 'tool':
      return `image \`${action.image}\``;
    case 'nothing':
      return `nothing to do: ${action.why}`;
    case 'command':
      return `\`${action.run}\``;
    case 'caches':
      return '`cache`';
    case 'left-out':
      return `left out: ${action.why} ${action.whatToDo}`;
    case 'checkout':
      return '`checkout`, from `fetch-depth` and `submodules`';
    case 'cache':
      return '`cache`';
    case 'upload':
      return '`artifacts`';
    case 'download':
      return '`artifacts` of the stages in `needs`, at their own paths';
    case 'docker-build':
      return '`build` and `push` stages';
  }
}

/** Cells as text, however the page is laid out. */
const plain = (cell: string): string => cell.replace(/\\([|*_])/g, '$1').trim();

function rowsBelow(heading: string): readonly (readonly string[])[] {
  const from = page.indexOf(`\n${heading}\n`);
  const end = page.indexOf('\n## ', from + 1);
  const lines = page.slice(from, end === -1 ? undefined : end).split('\n');
  const rows = lines
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map(plain),
    );
  return rows.slice(2);
}
