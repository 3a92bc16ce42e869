// The values of a gauge that the gate still needs: both sides' of the same looks, and the canary's latest.
import { keptPairs } from './point-gate.ts';
import type { PointTally } from './rollout-state.ts';

/** The longest `count` that a ceiling can ask for. */
export const mostLatestValues = 100;

/**
 * Adds what one look has seen. A look that is not later than the last one taken, or comes much sooner than
 * `everyMs` after it, adds nothing, so that a report told twice counts once.
 */
export function addValue(
  before: PointTally = noPoints,
  value: { readonly stable: number | null; readonly canary: number | null },
  at: number,
  everyMs: number,
): PointTally {
  if (before.at !== null && at < before.at + Math.max(1, everyMs * earliest)) return before;
  const { stable, canary } = value;
  if (canary === null) return before;
  const latest = [...before.latest, canary].slice(-mostLatestValues);
  if (stable === null) return { ...before, latest, at };
  return {
    stable: [...before.stable, stable].slice(-keptPairs),
    canary: [...before.canary, canary].slice(-keptPairs),
    taken: before.taken + 1,
    latest,
    at,
  };
}

export const noPoints: PointTally = { stable: [], canary: [], taken: 0, latest: [], at: null };

/** Looks do not come to the millisecond. */
const earliest = 0.9;
