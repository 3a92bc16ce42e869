// When an engine counts as dead for who guards its canaries in the cluster. Only the guard's own steady clock counts:
// the engine's may be wrong, and so may the cluster's.

/** A promise to come back that the guard has seen. */
export interface WatchedPromise {
  /** As the engine wrote it last; nothing is read out of it. */
  readonly renewal: string;
  /** Milliseconds on the guard's clock, at which it first saw this renewal. */
  readonly since: number;
}

/** `before`: what was seen at the last look; null: nothing yet, also after the guard itself was started again. */
export const watchPromise = (before: WatchedPromise | null, renewal: string, now: number): WatchedPromise =>
  before?.renewal === renewal ? before : { renewal, since: now };

/** It was not renewed for as long as it holds, and the guard has watched all that time. */
export const isBroken = ({ since }: WatchedPromise, holdsMs: number, now: number): boolean =>
  now - since >= holdsMs;
