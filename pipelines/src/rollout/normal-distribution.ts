// The standard normal distribution, for tests of ranks whose exact distribution would be too long to count.

/**
 * P(Z ≥ z), with a relative error under 1e-13 for z up to 37 (Hart 1968, as given by West, "Better approximations
 * to cumulative normal functions", Wilmott Magazine 2005).
 */
export function normalTail(z: number): number {
  const size = Math.abs(z);
  const tail = size > 37 ? 0 : size < 7.071067811865475 ? centralTail(size) : farTail(size);
  return z >= 0 ? tail : 1 - tail;
}

/** The z with P(Z ≤ z) = p, for 0 < p < 1, by bisection to the last bit that matters (1e-12). */
export function normalQuantile(p: number): number {
  let low = -37;
  let high = 37;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (normalTail(-middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function centralTail(z: number): number {
  const above = polynomial(z, numerator);
  const below = polynomial(z, denominator);
  return (Math.exp((-z * z) / 2) * above) / below;
}

/** Continued fraction. */
function farTail(z: number): number {
  let fraction = z + 0.65;
  for (const term of [4, 3, 2, 1]) fraction = z + term / fraction;
  return Math.exp((-z * z) / 2) / (fraction * Math.sqrt(2 * Math.PI));
}

function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}

/** Highest power first. */
const numerator = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
  221.213596169931, 220.206867912376,
];
const denominator = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
  637.333633378831, 793.826512519948, 440.413735824752,
];
