// Do users really get the share of the new version that was configured?
import { lnGamma } from './log-beta.ts';

/**
 * ln evidence that requests are not split as intended, valid at every look: the posterior odds of a Dirichlet
 * mixture around the intended split against that split itself,
 *     ln B(k·θ + counts) − ln B(k·θ) − Σ countᵢ ln θᵢ
 * (the sample-ratio-mismatch test of Lindon & Malek, NeurIPS 2022, arXiv 2011.03567, section 3).
 *
 * `intended` are shares > 0 that add up to 1, as many as `counts`. p-value: 1 / e^result.
 */
export function shareMismatchLogE(
  counts: readonly number[],
  intended: readonly number[],
  concentration = defaultConcentration,
): number {
  const prior = intended.map((share) => share * concentration);
  const posterior = prior.map((weight, side) => weight + (counts[side] ?? 0));
  const likelihood = intended.reduce((sum, share, side) => sum + (counts[side] ?? 0) * Math.log(share), 0);
  return lnMultiBeta(posterior) - lnMultiBeta(prior) - likelihood;
}

/**
 * True when the observed share of the canary contradicts the intended one, by evidence AND by enough to matter.
 * Routers balance connections, not coin tosses, so with many requests a difference of no interest is certain:
 * it must also exceed `tolerancePercent` points.
 */
export function isShareMismatch(counts: {
  readonly canaryRequests: number;
  readonly stableRequests: number;
  readonly intendedSharePercent: number;
  readonly tolerancePercent: number;
  readonly threshold: number;
}): boolean {
  const { canaryRequests, stableRequests, intendedSharePercent } = counts;
  const total = canaryRequests + stableRequests;
  if (total === 0 || intendedSharePercent <= 0 || intendedSharePercent >= 100) return false;
  const differencePercent = Math.abs((100 * canaryRequests) / total - intendedSharePercent);
  if (differencePercent <= counts.tolerancePercent) return false;
  const share = intendedSharePercent / 100;
  return shareMismatchLogE([canaryRequests, stableRequests], [share, 1 - share]) >= counts.threshold;
}

const defaultConcentration = 100;

function lnMultiBeta(weights: readonly number[]): number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.reduce((total, weight) => total + lnGamma(weight), 0) - lnGamma(sum);
}
