// The Markdown of docs/: headings, paragraphs, lists, tables and code. The page brings its documentation along, so
// that it is about the version that runs, and needs no other server.
import { anchorOf } from '@sluice/pipelines/language/link-of';

export type Block =
  | {
      readonly kind: 'heading';
      readonly level: number;
      readonly text: string;
      /** What links to it end in. */
      readonly anchor: string;
    }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly isNumbered: boolean; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

export function parseMarkdown(text: string): readonly Block[] {
  const lines = text.replace(/<!--[\s\S]*?-->/g, '').split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length;) {
    const { block, next } = readBlock(lines, at);
    if (block !== null) blocks.push(block);
    at = next;
  }
  return blocks;
}

interface ReadBlock {
  /** Null: an empty line. */
  readonly block: Block | null;
  readonly next: number;
}

const item = /^(?<mark>[-*]|\d+\.) +(?<text>.*)$/;

function readBlock(lines: readonly string[], at: number): ReadBlock {
  const line = lines[at] ?? '';
  if (line.trim() === '') return { block: null, next: at + 1 };
  if (line.startsWith('```')) return readCode(lines, at);
  const heading = /^(#{1,6}) +(.*)$/.exec(line);
  if (heading !== null) {
    const [, signs = '', text = ''] = heading;
    return { block: { kind: 'heading', level: signs.length, text, anchor: anchorOf(text) }, next: at + 1 };
  }
  if (line.startsWith('|')) return readTable(lines, at);
  return item.test(line) ? readList(lines, at) : readParagraph(lines, at);
}

function readCode(lines: readonly string[], at: number): ReadBlock {
  const end = lines.indexOf('```', at + 1);
  const last = end === -1 ? lines.length : end;
  return { block: { kind: 'code', text: lines.slice(at + 1, last).join('\n') }, next: last + 1 };
}

function readTable(lines: readonly string[], at: number): ReadBlock {
  const end = endOf(lines, at, (line) => line.startsWith('|'));
  const [head = [], , ...rows] = lines.slice(at, end).map(cellsOf);
  return { block: { kind: 'table', head, rows }, next: end };
}

/** A bar with a backslash before it, or in code, is no border. */
const cellsOf = (line: string): readonly string[] =>
  [
    ...line
      .trim()
      .slice(1)
      .matchAll(/(?<cell>(?:\\\||`[^`]*`|[^|])*)\|/g),
  ].map(({ groups }) => (groups?.['cell'] ?? '').trim().replaceAll('\\|', '|'));

function readList(lines: readonly string[], at: number): ReadBlock {
  const end = endOf(lines, at, (line) => item.test(line) || line.startsWith('  '));
  const items: string[] = [];
  for (const line of lines.slice(at, end)) {
    const begins = item.exec(line)?.groups?.['text'];
    if (begins !== undefined) items.push(begins);
    else items.push(`${items.pop() ?? ''} ${line.trim()}`);
  }
  return { block: { kind: 'list', isNumbered: /^\d/.test(lines[at] ?? ''), items }, next: end };
}

function readParagraph(lines: readonly string[], at: number): ReadBlock {
  const end = endOf(lines, at, (line) => line.trim() !== '' && !/^(```|#|\|)/.test(line));
  return { block: { kind: 'paragraph', text: lines.slice(at, end).join(' ') }, next: end };
}

function endOf(lines: readonly string[], at: number, belongs: (line: string) => boolean): number {
  const length = lines.slice(at + 1).findIndex((line) => !belongs(line));
  return length === -1 ? lines.length : at + 1 + length;
}
