// How often the gate is wrong and how soon it is right, by simulation with a fixed seed: 60 looks, 1,000 requests a
// look, ratio 1, α = .05. Tolerances are four standard errors of our repetitions and of the published ones. More of
// them: `npm run test:gate`.
import { describe, expect, test } from 'vitest';
import { compareCounts, decide } from './count-gate.ts';
import { dispersionOf, noSpread } from './metric-spread.ts';
import { pastHour } from './past-hour.ts';
import { comparePoints, keptPairs } from './point-gate.ts';
import published from './vectors/anytime-valid-counts.json' with { type: 'json' };
import { generator, poisson } from './random.ts';

const looks = 60;
const looksBefore = 360;
const requestsPerLook = 1_000;
const repetitions = Number(process.env['GATE_REPETITIONS'] ?? 500);
/** Of the simulation that the published figures come from. */
const publishedRepetitions = 1_000;
const threshold = Math.log(1 / 0.05);

/** The largest error of a simulated rate near `rate`, with at least two cases of room. */
const tolerance = (rate: number): number =>
  4 * Math.sqrt(Math.max(rate, 0.002) * (1 / repetitions + 1 / publishedRepetitions));

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

  test.each(Object.entries(published.measuredBehaviour.burst5RawFalseFail))(
    'bursts of five would fail healthy canaries: %s',
    (name, rate) => {
      const [share, baseRate] = parse(name);
      const bursts = { share, baseRate, canaryRate: baseRate, burst: 5, seed: 17 };
      const failed = caught(simulate(bursts)).length / repetitions;
      expect(Math.abs(failed - rate)).toBeLessThan(tolerance(rate));
    },
  );

  test.each(Object.entries(published.measuredBehaviour.burst5PhiFalseFail))(
    'divided by the dispersion of the hour before they do not: %s',
    (name, rate) => {
      const [share, baseRate] = parse(name);
      const bursts = { share, baseRate, canaryRate: baseRate, burst: 5, seed: 19, measuresDispersion: true };
      const failed = caught(simulate(bursts)).length / repetitions;
      expect(Math.abs(failed - rate)).toBeLessThan(tolerance(rate));
      expect(failed).toBeLessThan(0.05);
    },
  );
});

describe('the gate for gauges as it behaves: 60 looks, noise of 10 %, a tolerance of 10 %', () => {
  test('a version as fast as the old one is not failed, and passes soon', () => {
    const told = measure({ factor: 1, seed: 23 });
    expect(told.filter(({ verdict }) => verdict === 'fail').length / told.length).toBeLessThanOrEqual(0.02);
    expect(median(told.map(({ look }) => look))).toBeLessThanOrEqual(20);
  });

  test.each([
    [3, 1, 10],
    [1.5, 1, 10],
    [1.25, 0.9, 20],
  ])('one %f times as slow fails: at least %f of them, half by look %i', (factor, least, soon) => {
    const failed = measure({ factor, seed: 29 }).filter(({ verdict }) => verdict === 'fail');
    expect(failed.length / gaugeRepetitions).toBeGreaterThanOrEqual(least);
    expect(median(failed.map(({ look }) => look))).toBeLessThanOrEqual(soon);
  });
});

/** Ranks cost more than counts. */
const gaugeRepetitions = Math.ceil(repetitions / 10);

/** The first verdict of each repetition and its look; `need-more` at the last one where there is none. */
function measure(world: { readonly factor: number; readonly seed: number }) {
  const random = generator(world.seed);
  const value = (level: number): number => level * (1 + 0.1 * normal(random));
  return Array.from({ length: gaugeRepetitions }, () => {
    const stable: number[] = [];
    const canary: number[] = [];
    for (let look = 1; look <= looks; look++) {
      stable.push(value(20));
      canary.push(value(20 * world.factor));
      if (look % 5 !== 0) continue;
      const points = { stable: stable.slice(-keptPairs), canary: canary.slice(-keptPairs) };
      const { verdict } = comparePoints(points, look, 0.1);
      if (verdict !== 'need-more') return { verdict, look };
    }
    return { verdict: 'need-more' as const, look: looks };
  });
}

/** Box & Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The look (from 1) at which each repetition failed; null: never. */
function simulate(world: {
  readonly share: number;
  readonly baseRate: number;
  readonly canaryRate: number;
  readonly seed: number;
  readonly burst?: number;
  /** φ from the old version's bad events in each of the 360 looks before, instead of 1. */
  readonly measuresDispersion?: boolean;
}): readonly (number | null)[] {
  const random = generator(world.seed);
  const burst = world.burst ?? 1;
  return Array.from({ length: repetitions }, () => {
    const baselineMean = requestsPerLook * (1 - world.share) * world.baseRate;
    const past = Array.from({ length: looksBefore }, () => burst * poisson(baselineMean / burst, random));
    const hour = pastHour({ everyMs: 10_000, requests: [], bad: past });
    const dispersion =
      world.measuresDispersion === true ? dispersionOf({ ...noSpread, before: hour.spread }) : 1;
    let canaryBad = 0;
    let baselineBad = 0;
    for (let look = 1; look <= looks; look++) {
      canaryBad += burst * poisson((requestsPerLook * world.share * world.canaryRate) / burst, random);
      baselineBad += burst * poisson(baselineMean / burst, random);
      const evidence = compareCounts({
        canaryBad,
        baselineBad,
        canaryShare: world.share,
        ratioAllowed: 1,
        dispersion,
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
