import { Link } from 'react-router';
import { docsAddress } from '../../docs/docs-address.ts';
import type { Inline, Line } from '../../docs/parse-markdown.ts';
import { unreachable } from '@sluice/pipelines/result';

interface InlineTextProps {
  readonly text: Line;
  /** The page that it stands on: links without a file stay there. */
  readonly page: string;
}

/** One line of the documentation. */
export function InlineText({ text, page }: InlineTextProps) {
  return <Pieces pieces={text} page={page} />;
}

function Pieces({ pieces, page }: { readonly pieces: Line; readonly page: string }) {
  // The pieces of one text never change places.
  return pieces.map((piece, index) => <Piece key={index} piece={piece} page={page} />);
}

function Piece({ piece, page }: { readonly piece: Inline; readonly page: string }) {
  switch (piece.kind) {
    case 'text':
      return piece.text;
    case 'code':
      return <code>{piece.text}</code>;
    case 'strong':
      return (
        <strong>
          <Pieces pieces={piece.children} page={page} />
        </strong>
      );
    case 'emphasis':
      return (
        <em>
          <Pieces pieces={piece.children} page={page} />
        </em>
      );
    case 'link':
      return <DocsLink link={piece.to} text={piece.children} page={page} />;
    default:
      return unreachable(piece);
  }
}

interface DocsLinkProps {
  readonly link: string;
  readonly text: Line;
  readonly page: string;
}

function DocsLink({ link, text, page }: DocsLinkProps) {
  const address = docsAddress(link, page);
  const shown = <Pieces pieces={text} page={page} />;
  switch (address.kind) {
    case 'here':
      return <Link to={address.to}>{shown}</Link>;
    case 'away':
      return (
        <a href={address.to} rel="noreferrer">
          {shown}
        </a>
      );
    case 'elsewhere':
      return shown;
    default:
      return unreachable(address);
  }
}
