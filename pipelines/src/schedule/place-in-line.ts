import type { Share } from './decide-grants.ts';

export interface Crowd extends Share {
  /** Stages of the project that wait in this pool. */
  readonly waiting: number;
}

/**
 * About how many stages are granted before the one that stands behind `inOwnLine` others of its project: while the own
 * project comes to its place, every other one comes to as many slots as its weight gives it, if it wants them.
 */
export function placeInLine(inOwnLine: number, own: Share, others: readonly Crowd[]): number {
  const level = (inOwnLine + own.inUse) / own.weight;
  return others.reduce((sum, { waiting, weight, inUse, roomInQuota }) => {
    const wanted = Math.min(waiting, roomInQuota ?? waiting);
    return sum + Math.min(wanted, Math.max(0, Math.ceil(level * weight) - inUse));
  }, inOwnLine);
}
