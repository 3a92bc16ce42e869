import { unreachable } from '@sluice/pipelines/result';
import type { Block } from '../../docs/parse-markdown.ts';
import { InlineText } from './inline-text.tsx';

interface DocsBlockProps {
  readonly block: Block;
  readonly page: string;
  /** The heading that the address names. */
  readonly isWanted: boolean;
}

/** A paragraph, heading, list, table or example of the documentation. */
export function DocsBlock({ block, page, isWanted }: DocsBlockProps) {
  switch (block.kind) {
    case 'heading': {
      const Heading = headings[Math.min(block.level, headings.length) - 1] ?? 'h4';
      return (
        <Heading id={block.anchor} data-wanted={isWanted}>
          <InlineText text={block.text} page={page} />
        </Heading>
      );
    }
    case 'paragraph':
      return (
        <p>
          <InlineText text={block.text} page={page} />
        </p>
      );
    case 'code':
      return (
        <pre tabIndex={0}>
          <code>{block.text}</code>
        </pre>
      );
    case 'list': {
      const List = block.isNumbered ? 'ol' : 'ul';
      return (
        <List>
          {block.items.map((item, index) => (
            // Items of a page never change places.
            <li key={index}>
              <InlineText text={item} page={page} />
            </li>
          ))}
        </List>
      );
    }
    case 'table':
      return <DocsTable table={block} page={page} />;
    default:
      return unreachable(block);
  }
}

const headings = ['h1', 'h2', 'h3', 'h4'] as const;

interface DocsTableProps {
  readonly table: Extract<Block, { readonly kind: 'table' }>;
  readonly page: string;
}

function DocsTable({ table, page }: DocsTableProps) {
  return (
    <div className="docs-table">
      <table>
        <thead>
          <tr>
            {table.head.map((cell, column) => (
              <th key={column} scope="col">
                <InlineText text={cell} page={page} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            // Rows of a page never change places.
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>
                  <InlineText text={cell} page={page} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
