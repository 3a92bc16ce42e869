import { linkOf } from '@sluice/pipelines/language/link-of';
import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';

/** Where a link in a page of the documentation leads: to another of its pages, away, or nowhere on this page. */
export type DocsAddress =
  | { readonly kind: 'here' | 'away'; readonly to: string }
  /** To a file that only the repository has. */
  | { readonly kind: 'elsewhere' };

export function docsAddress(link: string, page: string): DocsAddress {
  if (/^https?:\/\//.test(link)) return { kind: 'away', to: link };
  if (link.startsWith('#')) return { kind: 'here', to: `/docs/${page}${link}` };
  const file = /^(?:docs\/)?(?<name>[\w-]+)\.md(?<anchor>#[\w-]*)?$/.exec(link)?.groups;
  return file === undefined
    ? { kind: 'elsewhere' }
    : { kind: 'here', to: `/docs/${file['name']}${file['anchor'] ?? ''}` };
}

/** The section that explains a diagnostic; null where nothing is about it. */
export function sectionAddress(diagnostic: Diagnostic): string | null {
  const link = linkOf(diagnostic);
  const address = link === null ? null : docsAddress(link, 'language');
  return address?.kind === 'here' ? address.to : null;
}
