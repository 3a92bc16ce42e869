import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import { formatDiagnostic } from '@sluice/pipelines/language/format-diagnostic';
import { linkOf } from '@sluice/pipelines/language/link-of';
import pc from 'picocolors';
import { readPipelines } from './read-pipelines.ts';
import type { Terminal } from './terminal.ts';

/**
 * Checks pipeline files, by default all of the repository in this folder, and prints every mistake with its line
 * underlined, then one line that sums up. Gives the exit code: 1 where a file has an error or cannot be read;
 * warnings alone give 0.
 */
export async function lintFiles(paths: readonly string[], io: Terminal): Promise<number> {
  const files = await readPipelines(paths, io);
  const diagnostics = files.flatMap((file) => file?.diagnostics ?? []);
  const unreadable = files.filter((file) => file === null).length;
  printDiagnostics(diagnostics, io);
  const errors = diagnostics.filter((each) => each.severity === 'error').length + unreadable;
  const warnings = diagnostics.filter((each) => each.severity === 'warning').length;
  const colours = pc.createColors(io.colour);
  const counts = `${count(errors, 'error')}, ${count(warnings, 'warning')} in ${count(files.length, 'file')}`;
  io.write(`${errors === 0 ? colours.green(counts) : colours.red(counts)}\n`);
  return errors === 0 ? 0 : 1;
}

export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  io: Pick<Terminal, 'write' | 'colour'>,
): void {
  for (const diagnostic of diagnostics) {
    const text = formatDiagnostic(diagnostic);
    const link = linkOf(diagnostic);
    const see = link === null ? '' : `\n    ${pc.createColors(io.colour).dim(`see ${link}`)}`;
    io.write(`${io.colour ? paint(text, diagnostic) : text}${see}\n\n`);
  }
}

/** The place bold, the underline in the colour of the severity. */
function paint(text: string, { severity }: Diagnostic): string {
  const colours = pc.createColors(true);
  const mark = severity === 'error' ? colours.red : colours.yellow;
  const [head = '', source, underline] = text.split('\n');
  const [, place = '', message = ''] = /^(\S+?:\d+:\d+)(.*)$/.exec(head) ?? [];
  const painted = place === '' ? head : colours.bold(place) + message;
  return source === undefined || underline === undefined
    ? painted
    : `${painted}\n${source}\n${mark(underline)}`;
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
