// Logarithms of the gamma and beta functions, for posterior odds whose plain values overflow.

/**
 * ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), for a, b > 0.
 *
 * For large arguments the three logarithms are huge and nearly cancel, so Stirling's main terms are combined before
 * they are evaluated and only the small corrections are subtracted (Didonato & Morris, ACM TOMS 18, 1992).
 */
export function lnBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < smallestForSeries) return lnGamma(small) + lnGamma(large) - lnGamma(small + large);
  if (small < smallestForSeries) return lnGamma(small) - lnGammaRise(large, small);
  const sum = small + large;
  return (
    halfLogTwoPi +
    small * Math.log(small / sum) -
    large * Math.log1p(small / large) +
    0.5 * (Math.log(sum / large) - Math.log(small)) +
    stirlingCorrection(small) +
    stirlingCorrection(large) -
    stirlingCorrection(sum)
  );
}

/** ln Γ(x) for x > 0: Stirling's series, after moving small arguments up by Γ(x + 1) = x Γ(x). */
export function lnGamma(x: number): number {
  let product = 1;
  let shifted = x;
  while (shifted < smallestForSeries) {
    product *= shifted;
    shifted += 1;
  }
  return (
    (shifted - 0.5) * Math.log(shifted) -
    shifted +
    halfLogTwoPi +
    stirlingCorrection(shifted) -
    Math.log(product)
  );
}

/** ln Γ(x + d) − ln Γ(x) for x in the series' range and a small d ≥ 0, without cancellation. */
function lnGammaRise(x: number, d: number): number {
  const sum = x + d;
  return (
    (x - 0.5) * Math.log1p(d / x) + d * Math.log(sum) - d + (stirlingCorrection(sum) - stirlingCorrection(x))
  );
}

/** At 10 the first term that is left out of the series below is under 3e-17. */
const smallestForSeries = 10;
const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI);

/** Σ B₂ₖ / (2k (2k−1) x^(2k−1)), Abramowitz & Stegun 6.1.41. */
function stirlingCorrection(x: number): number {
  const inverse = 1 / x;
  const square = inverse * inverse;
  let sum = 0;
  for (const coefficient of stirlingCoefficients) sum = sum * square + coefficient;
  return sum * inverse;
}

/** Highest power first. */
const stirlingCoefficients = [
  43867 / 244188,
  -3617 / 122400,
  1 / 156,
  -691 / 360360,
  1 / 1188,
  -1 / 1680,
  1 / 1260,
  -1 / 360,
  1 / 12,
];
