import type { Diagnostic } from '../diagnostic.ts';
import type { SourceFile } from '../source-file.ts';

const mark = /#\s*sluice-ignore:\s*([\w-]+(?:\s*,\s*[\w-]+)*)/;

/**
 * Without the warnings that a comment on their line, or alone on the line above, names: `# sluice-ignore: floating-image`.
 * Errors cannot be ignored.
 */
export function withoutIgnored(
  diagnostics: readonly Diagnostic[],
  source: SourceFile,
): readonly Diagnostic[] {
  if (!source.text.includes('sluice-ignore')) return diagnostics;
  return diagnostics.filter(({ severity, code, line }) => {
    if (severity === 'error') return true;
    const above = lineText(source, line - 1);
    const named = [lineText(source, line), ...(/^\s*#/.test(above) ? [above] : [])].flatMap(
      (text) => mark.exec(text)?.[1]?.split(/\s*,\s*/) ?? [],
    );
    return !named.includes(code);
  });
}

const lineText = ({ text, lineStarts }: SourceFile, line: number): string =>
  line < 1 ? '' : text.slice(lineStarts[line - 1], (lineStarts[line] ?? text.length + 1) - 1);
