// How often the gate is wrong and how soon it is right, by simulation with a fixed seed: 60 looks, 1,000 requests a
// look, ratio 1, α = .05. Tolerances are four standard errors of 500 repetitions.
import { describe, expect, test } from 'vitest';
import { compareCounts, decide } from './count-gate.ts';
import published from './vectors/anytime-valid-counts.json' with { type: 'json' };

const looks = 60;
const requestsPerLook = 1_000;
const repetitions = 500;
const threshold = Math.log(1 / 0.05);

/** The largest error of a simulated rate near `rate`, with at least two cases of room. */
const tolerance = (rate: number): number => 4 * Math.sqrt(Math.max(rate, 0.002) / repetitions);

describe('the gate as it behaves', () => {
  test.each(Object.entries(published.measuredBehaviour.falseFail))(
    'a healthy canary is rarely failed in 60 looks: %s',
    (name, rate) => {
      const [share, baseRate] = parse(name);
      const failed = simulate({ share, baseRate, canaryRate: baseRate, seed: 7 }).filter(
        (look) => look !== null,
      );
      expect(Math.abs(failed.length / repetitions - rate)).toBeLessThan(tolerance(rate));
      expect(failed.length / repetitions).toBeLessThan(0.05);
    },
  );

  test('five times the errors are caught nearly always, ten times always and soon', () => {
    const five = simulate({ share: 0.1, baseRate: 0.001, canaryRate: 0.005, seed: 11 });
    const ten = simulate({ share: 0.1, baseRate: 0.001, canaryRate: 0.01, seed: 13 });
    expect(caught(five).length / repetitions).toBeGreaterThan(0.997 - tolerance(0.003));
    expect(Math.abs(median(caught(five)) - 16)).toBeLessThanOrEqual(2);
    expect(caught(ten).length).toBe(repetitions);
    expect(Math.abs(median(caught(ten)) - 6)).toBeLessThanOrEqual(1);
  });

  test('bursts of five would fail healthy canaries; divided by their dispersion they do not', () => {
    const bursts = { share: 0.1, baseRate: 0.001, canaryRate: 0.001, burst: 5, seed: 17 };
    const raw = caught(simulate(bursts)).length / repetitions;
    const corrected = caught(simulate({ ...bursts, dispersion: 5 })).length / repetitions;
    expect(Math.abs(raw - published.measuredBehaviour.burst5RawFalseFail['w.1 p.001'])).toBeLessThan(
      tolerance(0.2),
    );
    expect(corrected).toBeLessThan(0.05);
  });
});

/** The look (from 1) at which each repetition failed; null: never. */
function simulate(world: {
  readonly share: number;
  readonly baseRate: number;
  readonly canaryRate: number;
  readonly seed: number;
  readonly burst?: number;
  readonly dispersion?: number;
}): readonly (number | null)[] {
  const random = generator(world.seed);
  const burst = world.burst ?? 1;
  return Array.from({ length: repetitions }, () => {
    let canaryBad = 0;
    let baselineBad = 0;
    for (let look = 1; look <= looks; look++) {
      canaryBad += burst * poisson((requestsPerLook * world.share * world.canaryRate) / burst, random);
      baselineBad += burst * poisson((requestsPerLook * (1 - world.share) * world.baseRate) / burst, random);
      const evidence = compareCounts({
        canaryBad,
        baselineBad,
        canaryShare: world.share,
        ratioAllowed: 1,
        dispersion: world.dispersion ?? 1,
      });
      if (decide(evidence, threshold) === 'fail') return look;
    }
    return null;
  });
}

const caught = (results: readonly (number | null)[]): number[] => results.filter((look) => look !== null);

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/** `w.1 p.001` → [0.1, 0.001] */
function parse(name: string): [number, number] {
  const [, share, rate] = /^w(\S+) p(\S+)$/.exec(name) ?? [];
  return [Number(share), Number(rate)];
}

/** Knuth's method; means here are small. */
function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
