// HAProxy gives every server an integer weight and shares requests in proportion. The same weight for all servers
// of a side is preferred; where 256 : 1 is not steep enough, only some servers of the smaller side get traffic.

export const heaviest = 256;

export interface ServerWeights {
  /** One weight a server, 0 to 256. */
  readonly stable: readonly number[];
  readonly canary: readonly number[];
}

/** Weights whose share for the canary comes closest to `percent`; a side without servers gets nothing. */
export function chooseWeights(percent: number, stableServers: number, canaryServers: number): ServerWeights {
  const share = Math.min(1, Math.max(0, percent / 100));
  if (share === 0 || canaryServers === 0) return sides(stableServers, 1, stableServers, canaryServers, 0, 0);
  if (share === 1 || stableServers === 0) return sides(stableServers, 0, 0, canaryServers, 1, canaryServers);
  const best = closest(share, stableServers, canaryServers);
  return sides(stableServers, best.stable, best.stableUsed, canaryServers, best.canary, best.canaryUsed);
}

/** The canary's share of the traffic, in percent, that these weights make; null: no server has any. */
export function shareOf(stable: readonly number[], canary: readonly number[]): number | null {
  const sum = (weights: readonly number[]): number => weights.reduce((total, weight) => total + weight, 0);
  const all = sum(stable) + sum(canary);
  return all === 0 ? null : (100 * sum(canary)) / all;
}

interface Candidate {
  readonly stable: number;
  readonly canary: number;
  readonly stableUsed: number;
  readonly canaryUsed: number;
  readonly error: number;
}

/** Errors below this are rounding. */
const negligible = 1e-9;

function closest(share: number, stableServers: number, canaryServers: number): Candidate {
  const goodEnough = Math.min(0.0005, share / 100, (1 - share) / 100);
  let best = closestWithAll(share, stableServers, canaryServers);
  const canaryIsTooMany = canaryServers / (canaryServers + stableServers) > share;
  for (let fewer = 1; best.error > goodEnough; fewer += 1) {
    const stableUsed = canaryIsTooMany ? stableServers : stableServers - fewer;
    const canaryUsed = canaryIsTooMany ? canaryServers - fewer : canaryServers;
    if (stableUsed < 1 || canaryUsed < 1) break;
    const next = closestWithAll(share, stableUsed, canaryUsed);
    if (next.error < best.error) best = next;
  }
  return best;
}

function closestWithAll(share: number, stableUsed: number, canaryUsed: number): Candidate {
  const candidates = weights().map((canary) => candidate(share, canary, stableUsed, canaryUsed));
  return candidates.reduce((best, next) => (next.error < best.error - negligible ? next : best));
}

function candidate(share: number, canary: number, stableUsed: number, canaryUsed: number): Candidate {
  const wished = (canary * canaryUsed * (1 - share)) / (share * stableUsed);
  const stable = Math.min(heaviest, Math.max(1, Math.round(wished)));
  const made = (canary * canaryUsed) / (canary * canaryUsed + stable * stableUsed);
  return { stable, canary, stableUsed, canaryUsed, error: Math.abs(made - share) };
}

function weights(): readonly number[] {
  return Array.from({ length: heaviest }, (_, index) => index + 1);
}

function sides(
  stableServers: number,
  stable: number,
  stableUsed: number,
  canaryServers: number,
  canary: number,
  canaryUsed: number,
): ServerWeights {
  const spread = (servers: number, weight: number, used: number): readonly number[] =>
    Array.from({ length: servers }, (_, index) => (index < used ? weight : 0));
  return {
    stable: spread(stableServers, stable, stableUsed),
    canary: spread(canaryServers, canary, canaryUsed),
  };
}
