import type { Diagnostic } from '../diagnostic.ts';
import type { Reading } from '../reading.ts';
import { lineStartOf } from '../source-file.ts';
import type { SourceNode } from '../source-node.ts';
import { findSection } from './find-section.ts';
import type { MapShape } from './key.ts';
import { warningIds } from '../warnings/warning-ids.ts';

/** Tells each diagnostic the section of docs/language.md about the key that it stands at. */
export function linkToSections({ diagnostics, source }: Reading, root: SourceNode, shape: MapShape): void {
  diagnostics.forEach((diagnostic, index) => {
    const { file, line, column, length } = diagnostic;
    const start = (lineStartOf(source, file, line) ?? 0) + column - 1;
    const section = sectionOfCode(diagnostic) ?? findSection(root, shape, { start, end: start + length });
    if (section !== null) diagnostics[index] = { ...diagnostic, section };
  });
}

/** Some are about how things are written, wherever they stand. */
function sectionOfCode({ code, severity }: Diagnostic): string | null {
  if (severity === 'warning' && warningIds.some((id) => id === code)) return code;
  return expressionCodes.has(code) ? 'Expressions' : null;
}

const expressionCodes: ReadonlySet<string> = new Set([
  'bad-expression',
  'bad-regular-expression',
  'empty-expression',
  'expression-too-complex',
  'impossible-comparison',
  'name-not-here',
  'no-braces-in-condition',
  'no-expression-here',
  'secret-in-expression',
  'status-outside-if',
  'stranger-text-in-command',
  'unclosed-expression',
  'unknown-function',
]);
