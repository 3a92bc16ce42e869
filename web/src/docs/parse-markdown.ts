// The Markdown of docs/, as plain data that the page draws without any HTML of its own: headings, paragraphs, lists,
// tables and code. The page brings its documentation along, so that it is about the version that runs.
import { anchorOf } from '@sluice/pipelines/language/link-of';
import { lexer, type MarkedToken, type Token } from 'marked';

export type Block =
  | {
      readonly kind: 'heading';
      readonly level: number;
      readonly text: Line;
      /** What links to it end in. */
      readonly anchor: string;
    }
  | { readonly kind: 'paragraph'; readonly text: Line }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly isNumbered: boolean; readonly items: readonly Line[] }
  | { readonly kind: 'table'; readonly head: readonly Line[]; readonly rows: readonly (readonly Line[])[] };

/** Text with its meanings. */
export type Line = readonly Inline[];

export type Inline =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis'; readonly children: Line }
  | { readonly kind: 'link'; readonly to: string; readonly children: Line };

/** What it does not know, HTML above all, is left out. */
export function parseMarkdown(text: string): readonly Block[] {
  return lexer(text).filter(isKnown).flatMap(blocksOf);
}

/** The words alone. */
export function plainText(line: Line): string {
  return line.map((piece) => ('text' in piece ? piece.text : plainText(piece.children))).join('');
}

function blocksOf(token: MarkedToken): readonly Block[] {
  switch (token.type) {
    case 'heading':
      return [
        {
          kind: 'heading',
          level: token.depth,
          text: lineOf(token.tokens),
          anchor: anchorOf(token.text),
        },
      ];
    case 'paragraph': {
      const text = lineOf(token.tokens);
      return text.length === 0 ? [] : [{ kind: 'paragraph', text }];
    }
    case 'code':
      return [{ kind: 'code', text: token.text }];
    case 'list':
      return [
        {
          kind: 'list',
          isNumbered: token.ordered,
          items: token.items.map((item) => lineOf(item.tokens)),
        },
      ];
    case 'table': {
      const cells = (row: typeof token.header): readonly Line[] => row.map(({ tokens }) => lineOf(tokens));
      return [{ kind: 'table', head: cells(token.header), rows: token.rows.map(cells) }];
    }
    case 'blockquote':
      return token.tokens.filter(isKnown).flatMap(blocksOf);
    default:
      return [];
  }
}

function lineOf(tokens: readonly Token[]): Line {
  return tokens.filter(isKnown).flatMap(piecesOf);
}

function piecesOf(token: MarkedToken): Line {
  switch (token.type) {
    case 'text':
      return token.tokens === undefined ? [{ kind: 'text', text: joined(token.text) }] : lineOf(token.tokens);
    case 'escape':
      return [{ kind: 'text', text: token.text }];
    case 'codespan':
      return [{ kind: 'code', text: token.text }];
    case 'br':
      return [{ kind: 'text', text: ' ' }];
    case 'strong':
      return [{ kind: 'strong', children: lineOf(token.tokens) }];
    case 'em':
      return [{ kind: 'emphasis', children: lineOf(token.tokens) }];
    case 'link':
      return [{ kind: 'link', to: token.href, children: lineOf(token.tokens) }];
    case 'paragraph':
      return lineOf(token.tokens);
    default:
      return [];
  }
}

/** Lines of one paragraph are one text. */
const joined = (text: string): string => text.replaceAll('\n', ' ');

const known: ReadonlySet<string> = new Set(
  'heading paragraph code list table blockquote text escape codespan br strong em link'.split(' '),
);

const isKnown = (token: Token): token is MarkedToken => known.has(token.type);
