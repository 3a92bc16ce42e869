// When an engine counts as dead for who guards its rollouts in the cluster. Only the guard's own steady clock counts:
// the engine's may be wrong, and so may the cluster's. What the guard has not seen itself, it takes for no silence.

/** A promise to come back that the guard watches. */
export interface WatchedPromise {
  /** As the engine wrote it last; nothing is read out of it. */
  readonly renewal: string;
  /** For how long the guard has seen it unchanged. */
  readonly silentMs: number;
  /** Milliseconds on the guard's clock, of its last look. */
  readonly lookedAt: number;
}

/**
 * `before`: what was known after the last look; null: nothing yet, also after the guard itself was started again.
 * `longestGapMs`: of the time between two looks no more than this counts, for then the guard was stopped itself, or the
 * cluster did not answer, and the engine may not have been able to come back either.
 */
export function watchPromise(
  before: WatchedPromise | null,
  renewal: string,
  now: number,
  longestGapMs: number,
): WatchedPromise {
  if (before?.renewal !== renewal) return { renewal, silentMs: 0, lookedAt: now };
  const passedMs = Math.min(Math.max(now - before.lookedAt, 0), longestGapMs);
  return { renewal, silentMs: before.silentMs + passedMs, lookedAt: now };
}

/** It was not renewed for as long as it holds, and the guard has watched all that time. */
export const isBroken = ({ silentMs }: WatchedPromise, holdsMs: number): boolean => silentMs >= holdsMs;
