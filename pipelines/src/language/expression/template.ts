// Text with `${{ expression }}` parts, taken apart. A `}}` inside a quoted string does not close a part.
import { err, ok, type Result } from '../../result.ts';

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'expression';
      /** The CEL text between the braces, white space around it removed. */
      readonly text: string;
      /** The whole part as written, braces included. */
      readonly source: string;
      /** Offset of `source` in the template. */
      readonly offset: number;
      /** Offset of `text` in `source`. */
      readonly inset: number;
    };

/** Where a part was opened and not closed, as an offset in the template. */
export interface UnclosedPart {
  readonly offset: number;
}

const open = '${{';

/** Takes a template apart, in order and without loss. */
export function splitTemplate(template: string): Result<readonly TemplatePart[], UnclosedPart> {
  const parts: TemplatePart[] = [];
  let position = 0;
  for (;;) {
    const start = template.indexOf(open, position);
    if (start === -1) break;
    const end = findClose(template, start + open.length);
    if (end === -1) return err({ offset: start });
    if (start > position) parts.push({ kind: 'text', text: template.slice(position, start) });
    const inner = template.slice(start + open.length, end);
    const inset = open.length + (inner.length - inner.trimStart().length);
    parts.push({
      kind: 'expression',
      text: inner.trim(),
      source: template.slice(start, end + 2),
      offset: start,
      inset,
    });
    position = end + 2;
  }
  if (position < template.length) parts.push({ kind: 'text', text: template.slice(position) });
  return ok(parts);
}

/** Whether a text holds an expression at all; cheap. */
export const isTemplate = (text: string): boolean => text.includes(open);

/** Writes a value so that it comes out as itself when the template is rendered once more. */
export const escapeTemplate = (value: string): string => value.replaceAll(open, `\${{ '${open}' }}`);

function findClose(text: string, from: number): number {
  let quote: string | null = null;
  for (let index = from; index < text.length; index += 1) {
    const character = text[index];
    if (quote !== null) {
      if (character === '\\') index += 1;
      else if (character === quote) quote = null;
    } else if (character === "'" || character === '"') quote = character;
    else if (character === '}' && text[index + 1] === '}') return index;
  }
  return -1;
}
