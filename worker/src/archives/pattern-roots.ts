/** Where a walk must begin to meet everything that the patterns match: their parts before the first wildcard. */
export function patternRoots(patterns: readonly string[]): readonly string[] {
  return [...new Set(patterns.map(rootOf))];
}

function rootOf(pattern: string): string {
  const parts = pattern.split('/');
  const wild = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part));
  const fixed = wild === -1 ? parts : parts.slice(0, wild);
  return fixed.length === 0 ? '.' : fixed.join('/');
}
