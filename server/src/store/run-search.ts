import { sql, type RawBuilder } from 'kysely';

/**
 * Conditions on `runs`, all of which must hold: one for each word that a person typed. `#12` is a run's number, seven
 * and more hexadecimal digits may begin a commit, and any word may begin a word of the commit's message and author, of
 * who started the run, its branch or tag, pipeline or repository.
 */
export function searchConditions(text: string): readonly RawBuilder<boolean>[] {
  return text
    .trim()
    .split(/\s+/)
    .slice(0, mostWords)
    .flatMap((word) => {
      const number = /^#(\d{1,9})$/.exec(word)?.[1];
      if (number !== undefined) return [sql<boolean>`number = ${Number(number)}`];
      const tokens = word.match(/[\p{L}\p{N}]+/gu);
      if (tokens === null) return [];
      const inWords = sql<boolean>`${words} @@ to_tsquery('simple', ${tokens.map((token) => `${token}:*`).join(' & ')})`;
      const isCommit = /^[0-9a-f]{7,64}$/i.test(word);
      return [isCommit ? sql<boolean>`(commit_sha like ${`${word.toLowerCase()}%`} or ${inWords})` : inWords];
    });
}

const mostWords = 10;

/** The expression of the index `runs_words`, word for word; else PostgreSQL does not use it. */
const words = sql`to_tsvector('simple', translate(
    left(commit_message, 1000) || ' ' || commit_author || ' ' || actor || ' ' || ref || ' ' || pipeline || ' ' || repository,
    '/.-_@#:', '       '))`;
