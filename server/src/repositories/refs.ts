import { err, ok, type Result } from '@sluice/pipelines/result';
import type { RepositoryProblem } from './repository-problem.ts';

// What Git's own rules for names (git-check-ref-format) refuse, and a first "-", which would be an option.
const badStart = /^[-/.]/;
const badEnd = /([/.]|\.lock)$/;
const badParts = ['..', '//', '/.', '.lock/', '@{', ' ', '~', '^', ':', '?', '*', '[', '\\'];

/** A branch name that Git takes for nothing else: no option, no range, no revision syntax, no path upwards. */
export function checkBranchName(name: string): Result<string, RepositoryProblem> {
  const isGood =
    name.length > 0 &&
    name.length <= 300 &&
    name !== '@' &&
    !badStart.test(name) &&
    !badEnd.test(name) &&
    !badParts.some((part) => name.includes(part)) &&
    !/\p{Cc}/u.test(name);
  if (isGood) return ok(name);
  return err({
    reason: 'bad-ref',
    message: `"${name.slice(0, 100)}" cannot be a branch's name: it must not begin with "-", "/" or ".", nor hold blanks, "..", "//" or any of ~^:?*[\\`,
    isTemporary: false,
  });
}

const fullLengths = [40, 64];

/** A full object name; with `shortest` also the beginning of one, of at least so many digits. */
export function checkCommitName(name: string, shortest = 40): Result<string, RepositoryProblem> {
  const isLongEnough = shortest === 40 ? fullLengths.includes(name.length) : name.length >= shortest;
  if (/^[0-9a-f]{1,64}$/.test(name) && isLongEnough) return ok(name);
  return err({
    reason: 'bad-ref',
    message: `"${name.slice(0, 100)}" is not a commit: give ${shortest === 40 ? 'all' : `at least ${shortest}`} digits of its lower-case hexadecimal name.`,
    isTemporary: false,
  });
}
