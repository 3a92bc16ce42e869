import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import { formatDiagnostic } from '@sluice/pipelines/language/format-diagnostic';
import { linkOf } from '@sluice/pipelines/language/link-of';
import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import pc from 'picocolors';
import type { Terminal } from './terminal.ts';

const defaultFile = '.sluice.yml';

/**
 * Checks pipeline files and prints every mistake with its line underlined, then one line that sums up. Gives the
 * exit code: 1 where a file has an error or cannot be read; warnings alone give 0.
 */
export async function lintFiles(paths: readonly string[], io: Terminal): Promise<number> {
  const files = paths.length === 0 ? [defaultFile] : paths;
  const diagnostics: Diagnostic[] = [];
  let unreadable = 0;
  for (const file of files) {
    const text = await readPipelineFile(file, io);
    if (text === null) unreadable += 1;
    else diagnostics.push(...parsePipeline(text, file).diagnostics);
  }
  printDiagnostics(diagnostics, io);
  const errors = diagnostics.filter((each) => each.severity === 'error').length + unreadable;
  const warnings = diagnostics.filter((each) => each.severity === 'warning').length;
  const colours = pc.createColors(io.colour);
  const counts = `${count(errors, 'error')}, ${count(warnings, 'warning')} in ${count(files.length, 'file')}`;
  io.write(`${errors === 0 ? colours.green(counts) : colours.red(counts)}\n`);
  return errors === 0 ? 0 : 1;
}

/** The text of a pipeline file; null, after a message that says what to do, where it cannot be read. */
export async function readPipelineFile(file: string, io: Terminal): Promise<string | null> {
  try {
    return await io.readFile(file);
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'is not there' : String(error);
    io.write(`${file} ${reason}. Name the file, or go to the folder that holds ${defaultFile}.\n`);
    return null;
  }
}

export function printDiagnostics(diagnostics: readonly Diagnostic[], io: Terminal): void {
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
