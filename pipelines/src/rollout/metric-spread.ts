// φ, the dispersion of bad events: errors that come in bursts of k are k times fewer pieces of evidence.
import type { LookSpread } from './rollout-state.ts';

/**
 * φ = max(1, variance / mean) of the old version's bad events per look (Pearson's estimate, McCullagh & Nelder,
 * Generalized Linear Models, 1989, 4.5): Σ (count − mean)² / mean over its degrees of freedom. Looks at different
 * weights have different means, so each weight, and the hour before the rollout, brings its own sum and degrees.
 *
 * 1, as for independent errors, while there are fewer than 11 degrees of freedom: an estimate from less is mostly
 * noise. At most `mostDispersion`, so that one incident in the hour before does not blind the gate.
 */
export function dispersionOf(spread: LookSpread): number {
  const { chiSquare, degrees } = joined(spread);
  if (degrees < fewestDegrees) return 1;
  return Math.min(mostDispersion, Math.max(1, chiSquare / degrees));
}

/** Begins a new weight: what was seen at the one before is kept as a sum. */
export function closeSpread(spread: LookSpread): LookSpread {
  const before = joined(spread);
  return { looks: 0, sum: 0, sumOfSquares: 0, ...(before.degrees === 0 ? {} : { before }) };
}

export function addLook(spread: LookSpread, bad: number): LookSpread {
  const { looks, sum, sumOfSquares } = spread;
  return { ...spread, looks: looks + 1, sum: sum + bad, sumOfSquares: sumOfSquares + bad * bad };
}

export const noSpread: LookSpread = { looks: 0, sum: 0, sumOfSquares: 0 };

const fewestDegrees = 11;
const mostDispersion = 20;

function joined({ looks, sum, sumOfSquares, before }: LookSpread): NonNullable<LookSpread['before']> {
  const kept = before ?? { chiSquare: 0, degrees: 0 };
  if (looks < 2 || sum === 0) return kept;
  const mean = sum / looks;
  const chiSquare = Math.max(0, sumOfSquares - sum * mean) / mean;
  return { chiSquare: kept.chiSquare + chiSquare, degrees: kept.degrees + looks - 1 };
}
