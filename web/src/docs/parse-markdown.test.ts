import { readdirSync, readFileSync } from 'node:fs';
import { languageReference } from '@sluice/pipelines/language/keys/reference';
import { linkOf } from '@sluice/pipelines/language/link-of';
import { expect, test } from 'vitest';
import { docsAddress, sectionAddress } from './docs-address.ts';
import { parseMarkdown, type Block, type Inline, type Line } from './parse-markdown.ts';

const folder = new URL('../../../docs/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
const read = (name: string): readonly Block[] => parseMarkdown(readFileSync(new URL(name, folder), 'utf8'));

test('blocks are told apart, and marks inside lines are not taken for text', () => {
  const blocks = parseMarkdown(
    '# A `key`\n\n<!-- note -->\n\ntwo\nlines\n\n- one\n  more\n- two\n\n```yaml\n# not a heading\n```\n\n| a | b |\n| - | - |\n| `x \\| y` | z \\| w |\n\n1. first\n',
  );
  const code = (text: string): Inline => ({ kind: 'code', text });
  const words = (text: string): Inline => ({ kind: 'text', text });
  expect(blocks).toEqual([
    { kind: 'heading', level: 1, text: [words('A '), code('key')], anchor: 'a-key' },
    { kind: 'paragraph', text: [words('two lines')] },
    { kind: 'list', isNumbered: false, items: [[words('one more')], [words('two')]] },
    { kind: 'code', text: '# not a heading' },
    {
      kind: 'table',
      head: [[words('a')], [words('b')]],
      rows: [[[code('x | y')], [words('z | w')]]],
    },
    { kind: 'list', isNumbered: true, items: [[words('first')]] },
  ]);
  const line = 'Use **`a`** or _not `b_c`_, see [the `x`](gate.md#y): in_a_word <b>x</b>';
  expect(parseMarkdown(line)).toEqual([
    {
      kind: 'paragraph',
      text: [
        words('Use '),
        { kind: 'strong', children: [code('a')] },
        words(' or '),
        { kind: 'emphasis', children: [words('not '), code('b_c')] },
        words(', see '),
        { kind: 'link', to: 'gate.md#y', children: [words('the '), code('x')] },
        words(': in_a_word '),
        words('x'),
      ],
    },
  ]);
});

test('links lead to other pages of the documentation, away, or nowhere on this page', () => {
  expect(docsAddress('gate.md#counts', 'language')).toEqual({ kind: 'here', to: '/docs/gate#counts' });
  expect(docsAddress('#on', 'language')).toEqual({ kind: 'here', to: '/docs/language#on' });
  expect(docsAddress('https://cel.dev', 'language')).toEqual({ kind: 'away', to: 'https://cel.dev' });
  for (const odd of ['../examples/hello', 'javascript:alert(1)', '//evil.example', 'a/../../x.md'])
    expect(docsAddress(odd, 'language')).toEqual({ kind: 'elsewhere' });
});

test('every section that diagnostics link to has its heading on the page of the language', () => {
  const anchors = new Set(
    read('language.md').flatMap((block) => (block.kind === 'heading' ? [block.anchor] : [])),
  );
  for (const section of [...languageReference().map(({ heading }) => heading), 'Expressions']) {
    const diagnostic = { ...anywhere, section };
    expect(linkOf(diagnostic)).toBe(`docs/language.md#${sectionAddress(diagnostic)?.split('#')[1]}`);
    expect([section, anchors.has(sectionAddress(diagnostic)?.split('#')[1] ?? '')]).toEqual([section, true]);
  }
});

test.each(names)('nothing of docs/%s is left as marks', (name) => {
  const marked = read(name)
    .flatMap(linesOf)
    .flat()
    .filter((piece) => piece.kind === 'text' && /\*\*|\]\(|(^|\s)_\w/.test(piece.text));
  expect(marked).toEqual([]);
});

const anywhere = {
  severity: 'error',
  code: 'x',
  message: '',
  file: '.sluice.yml',
  line: 1,
  column: 1,
  length: 1,
  sourceLine: '',
} as const;

function linesOf(block: Block): readonly Line[] {
  switch (block.kind) {
    case 'heading':
    case 'paragraph':
      return [block.text];
    case 'list':
      return block.items;
    case 'table':
      return [block.head, ...block.rows].flat();
    case 'code':
      return [];
  }
}
