// Syntax that people bring along from other languages, where CEL only says that it cannot go on.
import type { ExpressionProblem } from './expression-walk.ts';

interface ForeignSyntax {
  readonly pattern: RegExp;
  readonly message: string;
}

const foreign: readonly ForeignSyntax[] = [
  { pattern: /[“”‘’„«»]/, message: 'This quotation mark is one of a text processor. Use \' or ".' },
  { pattern: /=~|!~/, message: "There is no =~. Write branch.matches('^release/')." },
  { pattern: /===|!==/, message: 'Compare with == and !=, of two signs.' },
  { pattern: /\band\b|\bAND\b/, message: 'Write && for "and".' },
  { pattern: /\bor\b|\bOR\b/, message: 'Write || for "or".' },
  { pattern: /\bnot\b|\bNOT\b/, message: 'Write ! for "not".' },
  { pattern: /<>/, message: 'Write != for "not equal".' },
  { pattern: /\$\w*/, message: 'Names stand without $ here: branch, event, env.NAME, inputs.name.' },
];

/** The first of it outside of quoted text; null: there is none. */
export function foreignSyntax(text: string): Omit<ExpressionProblem, 'code'> | null {
  const open = openQuote(text);
  const bare = withoutQuoted(open === null ? text : text.slice(0, open));
  for (const { pattern, message } of foreign) {
    const found = pattern.exec(bare);
    if (found !== null) return { message, offset: found.index, length: found[0].length };
  }
  if (open === null) return null;
  const message = 'A quotation mark is opened and never closed.';
  return { message, offset: open, length: text.length - open };
}

export const isUnbalanced = (text: string): boolean => {
  const bare = withoutQuoted(text);
  const count = (bracket: string): number => bare.split(bracket).length;
  return count('(') > count(')') || count('[') > count(']') || count('{') > count('}');
};

const withoutQuoted = (text: string): string =>
  text.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/gs, (part) => ' '.repeat(part.length));

/** Where the quotation mark stands that is never closed. */
function openQuote(text: string): number | null {
  const bare = withoutQuoted(text);
  const at = bare.search(/['"]/);
  return at === -1 ? null : at;
}
