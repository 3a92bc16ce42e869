import Anser, { type AnserJsonEntry } from 'anser';
import { memo, type CSSProperties, type ReactNode } from 'react';

/** More of one line than this is not drawn: a line of a megabyte would stop the page. */
const longest = 8_000;

interface AnsiTextProps {
  readonly text: string;
  /** Marked where it occurs, in any case; empty: nothing. */
  readonly marked: string;
}

/** A line with its terminal colours. */
export const AnsiText = memo(function AnsiText({ text, marked }: AnsiTextProps) {
  const drawn = text.length > longest ? text.slice(0, longest) : text;
  return (
    <>
      {drawn.includes('\u001b')
        ? Anser.ansiToJson(drawn, { json: true, remove_empty: true, use_classes: true }).map(
            (part, index) => (
              // The parts of one line never change places.
              <span key={index} className={classesOf(part)} style={colorsOf(part)}>
                {mark(part.content, marked)}
              </span>
            ),
          )
        : mark(drawn, marked)}
      {drawn !== text && (
        <span className="log-cut"> … +{(text.length - longest).toLocaleString('en-US')}</span>
      )}
    </>
  );
});

function classesOf(part: AnserJsonEntry): string {
  const names = part.decorations.map((decoration) => `ansi-${decoration}`);
  if (part.fg && !part.fg_truecolor) names.push(part.fg);
  if (part.bg && !part.bg_truecolor) names.push(`${part.bg}-bg`);
  return names.join(' ');
}

function colorsOf(part: AnserJsonEntry): CSSProperties | undefined {
  if (!part.fg_truecolor && !part.bg_truecolor) return undefined;
  return {
    ...(part.fg_truecolor ? { color: `rgb(${part.fg_truecolor})` } : {}),
    ...(part.bg_truecolor ? { backgroundColor: `rgb(${part.bg_truecolor})` } : {}),
  };
}

function mark(text: string, marked: string): ReactNode {
  if (marked === '') return text;
  const lower = text.toLowerCase();
  const wanted = marked.toLowerCase();
  const parts: ReactNode[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  return parts.length === 0 ? text : [...parts, text.slice(from)];
}
