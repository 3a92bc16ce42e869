import type { Trigger } from '../trigger/trigger.ts';

/** Whose kept things (caches, results) a run may use. Text of its own scope never reaches another one's. */
export interface TrustScope {
  /** Where the run's own things go. */
  readonly write: string;
  /** Where it looks, in this order. */
  readonly read: readonly string[];
}

/** Things that anyone with the right to push has made. */
export const sharedScope = 'shared';

/**
 * A pull request from a fork reads what the repository's own runs have made, and writes where only the same pull
 * request reads: a stranger cannot put anything into a run of a protected branch.
 */
export function trustScope(trigger: Trigger): TrustScope {
  if (trigger.event !== 'pull_request' || !trigger.fromFork)
    return { write: sharedScope, read: [sharedScope] };
  const own = `fork-${trigger.number}`;
  return { write: own, read: [own, sharedScope] };
}
