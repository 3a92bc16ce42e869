import picomatch from 'picomatch';

/** Whether any of the glob patterns matches; `*` stays within a path segment, `**` crosses them. */
export function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matcher(pattern)(text));
}

/** Why a pattern is not accepted, or null. More wildcards than this can take exponential time to not match. */
export function globProblem(pattern: string): string | null {
  if (pattern === '') return 'A pattern is empty. Write ** for everything.';
  if (pattern.length > 300) return 'A pattern is longer than 300 characters.';
  const segments = pattern.split('/');
  if (segments.filter((segment) => segment.includes('**')).length > 3)
    return 'A pattern may hold ** at most three times.';
  if (segments.some((segment) => (segment.match(/\*+/g) ?? []).length > 3)) {
    return 'A pattern may hold * at most three times between two slashes.';
  }
  return null;
}

/** As `matchesAny`, for the path of a file: a pattern that names a folder matches everything in it. */
export function matchesFile(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => matcher(pattern)(path) || matcher(insideOf(pattern))(path));
}

/** As `globProblem`, for `matchesFile`. */
export const filePatternProblem = (pattern: string): string | null =>
  pattern === '' ? globProblem('') : globProblem(insideOf(pattern));

const insideOf = (pattern: string): string => (pattern.endsWith('**') ? pattern : `${pattern}/**`);

type Matcher = (text: string) => boolean;

// A memory of a pure function, for plans of many patterns.
const matchers = new Map<string, Matcher>();

function matcher(pattern: string): Matcher {
  let known = matchers.get(pattern);
  if (known === undefined) {
    known = globProblem(pattern) === null ? picomatch(pattern, { dot: true, noextglob: true }) : () => false;
    if (matchers.size >= 1_000) matchers.clear();
    matchers.set(pattern, known);
  }
  return known;
}
