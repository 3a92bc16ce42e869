// The gate for measured values (a mean latency, any gauge): one value of each side at every look, taken at the same
// moment. Ranks say whether the new version's values are larger, the shift says by how much.
import { commonLanguageEffect, hodgesLehmannShift, median, rankSumP, shiftInterval } from './rank-sum.ts';

/** Values of both sides, taken in pairs at the same moments, oldest first. */
export interface Points {
  readonly stable: readonly number[];
  readonly canary: readonly number[];
}

export interface PointEvidence {
  readonly verdict: 'fail' | 'pass' | 'need-more';
  /** Pairs that a verdict still needs at least; 0: it could have been one. */
  readonly morePairs: number;
  /** Of the latest window; null while there is none. */
  readonly window: PointWindow | null;
}

export interface PointWindow {
  readonly pairs: number;
  readonly stableMedian: number;
  readonly canaryMedian: number;
  /** By how much the new version's values lie above the old one's, in the metric's unit; and its 95 % interval. */
  readonly shift: number;
  readonly shiftLow: number;
  readonly shiftHigh: number;
  /** The largest shift that is allowed: tolerance × median of the old version. */
  readonly allowedShift: number;
  /** Chance that a value of the new version is larger than one of the old. */
  readonly effect: number;
  /** One-sided p: how likely values rank this high when both versions are equal. */
  readonly p: number;
}

/**
 * Looks at a window of the latest `windowPairs` pairs whenever `stridePairs` have come since the one before it, from
 * `fewestPairs` on, and decides when two windows in a row agree:
 *
 * - fail: p < .01 that the values are larger, AND effect ≥ .64, AND shift ≥ tolerance × median of the old version;
 * - pass: the shift is smaller than that, AND the same test mirrored (p < .01, effect ≥ .64) says that the new
 *   version's values, moved down by twice the allowed shift, are smaller. As in the gate for counts, a pass refutes
 *   "at least twice as bad as allowed", since evidence for exactly the allowed cannot exist.
 *
 * p by `rankSumP`, effect by `commonLanguageEffect`, shift by `hodgesLehmannShift`: none of them depends on the unit.
 * `taken` is the number of pairs ever taken; of them only the latest `keptPairs` are needed. `tolerance` ≥ 0 is a
 * share of the old version's median, which must not be negative.
 */
export function comparePoints(points: Points, taken: number, tolerance: number): PointEvidence {
  const ends = [lastWindowEnd(taken) - stridePairs, lastWindowEnd(taken)];
  const windows = ends.map((end) =>
    end < fewestPairs ? null : judgeWindow(windowAt(points, taken, end), tolerance),
  );
  const [before, latest] = windows;
  const isAgreed = before?.says === latest?.says && latest !== undefined && latest !== null;
  return {
    verdict: isAgreed ? latest.says : 'need-more',
    morePairs: Math.max(0, pairsToDecide - taken),
    window: latest?.window ?? null,
  };
}

const fewestPairs = 5;
const stridePairs = 5;
/** Small enough that every p is exact. */
const windowPairs = 20;
/** The first two windows. */
export const pairsToDecide = fewestPairs + stridePairs;
/** Two windows, and the pairs since the last of them. */
export const keptPairs = windowPairs + 2 * stridePairs;
const mostP = 0.01;
const leastEffect = 0.64;
/** Of the shift: so much may rounding make of it when the unit changes. */
const rounding = 1e-9;
const passFactor = 2;

const lastWindowEnd = (taken: number): number => taken - (taken % stridePairs);

function windowAt(points: Points, taken: number, end: number): Points {
  const drop = taken - end;
  const cut = (values: readonly number[]): readonly number[] =>
    values.slice(0, values.length - drop).slice(-windowPairs);
  return { stable: cut(points.stable), canary: cut(points.canary) };
}

function judgeWindow(
  { stable, canary }: Points,
  tolerance: number,
): { readonly says: PointEvidence['verdict']; readonly window: PointWindow } {
  const stableMedian = median(stable);
  const shift = hodgesLehmannShift(canary, stable);
  const { low, high } = shiftInterval(canary, stable, 0.95);
  const window: PointWindow = {
    pairs: stable.length,
    stableMedian,
    canaryMedian: median(canary),
    shift,
    shiftLow: low,
    shiftHigh: high,
    allowedShift: tolerance * stableMedian,
    effect: commonLanguageEffect(canary, stable),
    p: rankSumP(canary, stable),
  };
  const isLarge = shift > 0 && shift >= window.allowedShift * (1 - rounding);
  if (isLarge) {
    const isWorse = window.p < mostP && window.effect >= leastEffect;
    return { says: isWorse ? 'fail' : 'need-more', window };
  }
  return {
    says: isSurelySmaller(stable, canary, passFactor * window.allowedShift) ? 'pass' : 'need-more',
    window,
  };
}

/** Moved down by `by`, the new version's values are smaller than the old one's. */
function isSurelySmaller(stable: readonly number[], canary: readonly number[], by: number): boolean {
  if (by === 0) return Math.max(...canary) <= Math.min(...stable);
  const quantum = rounding * Math.max(...stable, ...canary);
  const toQuanta = (value: number): number => Math.round(value / quantum);
  const old = stable.map(toQuanta);
  const moved = canary.map((value) => toQuanta(value - by));
  return rankSumP(old, moved) < mostP && commonLanguageEffect(old, moved) >= leastEffect;
}
