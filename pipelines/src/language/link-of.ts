import type { Diagnostic } from './diagnostic.ts';

/** Where a diagnostic is explained: `docs/language.md#retry`; null where nothing is about it. */
export const linkOf = ({ section }: Diagnostic): string | null =>
  section === undefined ? null : `docs/language.md#${anchorOf(section)}`;

/** What forges make of a heading. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
