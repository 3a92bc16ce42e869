import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { Link, useLocation, useParams } from 'react-router';
import { DocsBlock } from '../components/docs/docs-block.tsx';
import { loadDocs, hasDocs } from '../docs/load-docs.ts';
import { parseMarkdown, plainText, type Block } from '../docs/parse-markdown.ts';
import { useMessages } from '../messages/language-context.tsx';
import { NotFoundPage } from './not-found-page.tsx';
import './docs-page.css';

/** A page of the documentation, at the section that the address names. */
export default function DocsPage() {
  const { page = 'language' } = useParams();
  return hasDocs(page) ? <LoadedDocs page={page} /> : <NotFoundPage />;
}

function LoadedDocs({ page }: { readonly page: string }) {
  const { hash } = useLocation();
  const wanted = hash.slice(1);
  const text = useQuery({ queryKey: ['docs', page], queryFn: () => loadDocs(page), staleTime: Infinity });
  const blocks = useMemo(() => parseMarkdown(text.data ?? ''), [text.data]);
  useEffect(() => {
    if (wanted === '' || blocks.length === 0) return;
    document.querySelector('.docs-contents [aria-current]')?.scrollIntoView({ block: 'nearest' });
    document.getElementById(wanted)?.scrollIntoView();
  }, [wanted, blocks]);
  return (
    <div className="docs">
      <Contents blocks={blocks} page={page} wanted={wanted} />
      <article className="docs-text" lang="en">
        {blocks.map((block, index) => (
          // Blocks of a page never change places.
          <DocsBlock
            key={index}
            block={block}
            page={page}
            isWanted={block.kind === 'heading' && block.anchor === wanted}
          />
        ))}
      </article>
    </div>
  );
}

interface ContentsProps {
  readonly blocks: readonly Block[];
  readonly page: string;
  readonly wanted: string;
}

function Contents({ blocks, page, wanted }: ContentsProps) {
  const t = useMessages();
  return (
    <nav className="docs-contents" aria-label={t.docs.contents}>
      <ul>
        {blocks.map(
          (block, index) =>
            block.kind === 'heading' &&
            block.level > 1 && (
              <li key={index} data-level={block.level}>
                <Link
                  to={`/docs/${page}#${block.anchor}`}
                  aria-current={block.anchor === wanted ? 'location' : undefined}
                >
                  {plainText(block.text)}
                </Link>
              </li>
            ),
        )}
      </ul>
    </nav>
  );
}
