import type { Diagnostic } from './diagnostic.ts';

const maxShown = 110;

/**
 * A diagnostic as people read it, without colours: `file:line:column  message`, the source line, the underline.
 * Of a long line, the part around the mistake is shown.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message } = diagnostic;
  const head = printable(`${file}:${line}:${column}  ${severity === 'warning' ? 'warning: ' : ''}${message}`);
  const excerpt = excerptOf(diagnostic);
  return excerpt === null ? head : `${head}\n    ${excerpt.text}\n    ${excerpt.underline}`;
}

function excerptOf({ sourceLine, column, length }: Diagnostic): { text: string; underline: string } | null {
  if (sourceLine.trim() === '' || column > sourceLine.length + 1) return null;
  const indent = sourceLine.length - sourceLine.trimStart().length;
  const from = column - 1 > maxShown ? column - 1 - 20 : Math.min(indent, column - 1);
  const text = sourceLine.slice(from, from + maxShown).trimEnd();
  const before = column - 1 - from;
  const width = Math.max(1, Math.min(length, maxShown - before));
  // Tabs stay tabs before the underline, so that it stands below what it means in any terminal.
  const pad = text.slice(0, before).replace(/[^\t]/g, ' ').padEnd(before);
  return {
    text: printable(text),
    underline: pad + '~'.repeat(width),
  };
}

/** A file from anywhere must not steer the terminal that shows its mistakes. */
const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => (character === '\t' ? character : '�'));
