import { err, ok, type Result } from '@sluice/pipelines/result';
import type { RepositoryProblem } from './repository-problem.ts';

/** A branch name that Git takes for nothing else: no option, no range, no revision syntax, no path upwards. */
export function checkBranchName(name: string): Result<string, RepositoryProblem> {
  const isGood =
    name.length > 0 &&
    name.length <= 300 &&
    !/^[-/.]|[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(\/|$)|[/.]$/.test(name) &&
    name !== '@';
  if (isGood) return ok(name);
  return err({
    reason: 'bad-ref',
    message: `"${name.slice(0, 100)}" cannot be a branch's name: it must not begin with "-", "/" or ".", nor hold blanks or any of ..~^:?*[\\`,
    isTemporary: false,
  });
}

/** A full object name, or with `shortest` an abbreviation of at least so many digits. */
export function checkCommitName(name: string, shortest = 40): Result<string, RepositoryProblem> {
  const isGood =
    /^[0-9a-f]+$/.test(name) &&
    name.length >= shortest &&
    [...(shortest < 40 ? [name.length] : []), 40, 64].includes(name.length);
  if (isGood) return ok(name);
  return err({
    reason: 'bad-ref',
    message: `"${name.slice(0, 100)}" is not a commit: give its ${shortest === 40 ? 'full' : 'at least seven-digit'} lower-case hexadecimal name.`,
    isTemporary: false,
  });
}
