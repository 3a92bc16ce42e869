/** How one test ended in one attempt. */
export interface PastResult {
  readonly commit: string;
  readonly result: 'passed' | 'failed';
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Flakiness {
  /** Commits on which it both passed and failed: the code was the same, the result was not. */
  readonly commits: number;
  /** Failures on those commits. */
  readonly failures: number;
  readonly lastAt: number;
}

/**
 * Null unless the test has passed and failed on one and the same commit. A test that fails on one commit and passes
 * on another has been mended or broken, which says nothing about it.
 */
export function findFlakiness(results: readonly PastResult[]): Flakiness | null {
  const commitsWith = (wanted: PastResult['result']): ReadonlySet<string> =>
    new Set(results.filter(({ result }) => result === wanted).map(({ commit }) => commit));
  const passed = commitsWith('passed');
  const failures = results.filter(({ result, commit }) => result === 'failed' && passed.has(commit));
  if (failures.length === 0) return null;
  return {
    commits: new Set(failures.map(({ commit }) => commit)).size,
    failures: failures.length,
    lastAt: failures.reduce((last, { at }) => Math.max(last, at), 0),
  };
}
