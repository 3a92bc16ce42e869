import type { Diagnostic } from '../diagnostic.ts';
import { lineStartOf, type SourceFile } from '../source-file.ts';

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
  return diagnostics.filter(({ severity, code, file, line }) => {
    if (severity === 'error') return true;
    const above = lineText(source, file, line - 1);
    const named = [lineText(source, file, line), ...(/^\s*#/.test(above) ? [above] : [])].flatMap(
      (text) =>
        mark
          .exec(text)?.[1]
          ?.split(',')
          .map((each) => each.trim()) ?? [],
    );
    return !named.includes(code);
  });
}

function lineText(source: SourceFile, file: string, line: number): string {
  const start = lineStartOf(source, file, line);
  if (start === null) return '';
  const end = source.text.indexOf('\n', start);
  return source.text.slice(start, end === -1 ? source.text.length : end);
}
