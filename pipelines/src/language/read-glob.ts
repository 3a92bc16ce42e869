import { filePatternProblem } from '../trigger/match-glob.ts';
import type { Reader } from './fields.ts';
import { pathProblem } from './read-path.ts';
import { readPlainText } from './read-values.ts';
import { report } from './reading.ts';
import { trimEnd } from '../trim-end.ts';

/** A glob pattern inside the workspace. */
export const readGlob: Reader<string> = (reading, node, name) => {
  const written = readPlainText(reading, node, name);
  const problem = pathProblem(written) ?? globFault(written);
  if (problem === null) return trimEnd(written.replace(/^(\.\/)+/, ''), '/');
  report(reading, node, 'bad-pattern', `${name} ${problem} Write a pattern such as dist/** or report.html.`);
  return '**';
};

export function globFault(glob: string): string | null {
  if (glob.startsWith('!')) return 'begins with !, and patterns only add files.';
  const fault = filePatternProblem(glob);
  return fault === null ? null : `cannot be used: ${fault}`;
}
