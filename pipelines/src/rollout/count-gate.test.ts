import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  againstCeiling,
  compareCounts,
  decide,
  evidenceAbove,
  evidenceBelow,
  shareOfBad,
} from './count-gate.ts';
import { isShareMismatch, shareMismatchLogE } from './traffic-share.ts';
import published from './vectors/anytime-valid-counts.json' with { type: 'json' };

const threshold = Math.log(1 / 0.05);

describe('published numbers', () => {
  test.each(published.oneSidedComposite.cases)(
    '$canaryBad bad of the canary, $baselineBad of the baseline, share $canaryShare, ratio $ratioAllowed',
    ({ canaryBad, baselineBad, canaryShare, ratioAllowed, failLogE, passLogE_M3 }) => {
      const above = evidenceAbove(canaryBad, baselineBad, shareOfBad(canaryShare, ratioAllowed));
      const below = evidenceBelow(canaryBad, baselineBad, shareOfBad(canaryShare, 3));
      expect(above).toBeCloseTo(failLogE, 10);
      expect(below).toBeCloseTo(passLogE_M3, 10);
    },
  );

  test.each(published.oneSidedComposite.ceiling)(
    '$bad bad and $good good against a ceiling of $ceiling',
    ({ bad, good, ceiling, failLogE, passLogE }) => {
      const evidence = againstCeiling({ bad, good, ceiling, dispersion: 1 });
      expect(evidence.failLogE).toBeCloseTo(failLogE, 9);
      expect(evidence.passLogE).toBeCloseTo(passLogE, 9);
    },
  );

  test.each(published.thirdParty)(
    'traffic share: $source',
    ({ counts, null: intended, concentration, publishedP }) => {
      expect(Math.exp(-shareMismatchLogE(counts, intended, concentration))).toBeCloseTo(publishedP, 12);
    },
  );
});

const counts = fc.record({
  canaryBad: fc.nat(500),
  baselineBad: fc.nat(2_000),
  canaryShare: fc.double({ min: 0.001, max: 0.999, noNaN: true }),
  ratioAllowed: fc.double({ min: 1, max: 5, noNaN: true }),
  dispersion: fc.constantFrom(1, 1, 2.5),
});

describe('the count test', () => {
  test('more errors on the canary never turn fail into anything else, nor help a pass', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 200 }), (before, more) => {
        const worse = { ...before, canaryBad: before.canaryBad + more };
        const verdict = decide(compareCounts(before), threshold);
        const verdictWorse = decide(compareCounts(worse), threshold);
        expect(verdict !== 'fail' || verdictWorse === 'fail').toBe(true);
        expect(verdictWorse !== 'pass' || verdict === 'pass').toBe(true);
      }),
    );
  });

  test('no events at all are no evidence at all', () => {
    fc.assert(
      fc.property(counts, (some) => {
        const none = compareCounts({ ...some, canaryBad: 0, baselineBad: 0 });
        expect(none.failLogE).toBeCloseTo(0, 9);
        expect(none.passLogE).toBeCloseTo(0, 9);
      }),
    );
  });

  test('with equal shares, swapping the sides mirrors the evidence', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (one, other) => {
        expect(evidenceAbove(one, other, 0.5)).toBeCloseTo(evidenceBelow(other, one, 0.5), 9);
      }),
    );
  });

  test('both sides are never called worse than the other at once', () => {
    fc.assert(
      fc.property(counts, (some) => {
        const swapped = {
          ...some,
          canaryBad: some.baselineBad,
          baselineBad: some.canaryBad,
          canaryShare: 1 - some.canaryShare,
        };
        const verdicts = [some, swapped].map((side) => decide(compareCounts(side), threshold));
        expect(verdicts).not.toEqual(['fail', 'fail']);
      }),
    );
  });

  test('bursts count as one: twice the events with twice the dispersion are the same evidence', () => {
    fc.assert(
      fc.property(counts, (some) => {
        const burst = {
          ...some,
          canaryBad: 2 * some.canaryBad,
          baselineBad: 2 * some.baselineBad,
          dispersion: 2 * some.dispersion,
        };
        expect(compareCounts(burst)).toEqual(compareCounts(some));
      }),
    );
  });

  test('evidence for both sides at once is a fail', () => {
    expect(decide({ failLogE: threshold, passLogE: threshold + 9 }, threshold)).toBe('fail');
  });
});

describe('the traffic share', () => {
  const counted = { intendedSharePercent: 10, tolerancePercent: 2, threshold: Math.log(1_000) };

  test('the intended one is not a mismatch', () => {
    expect(isShareMismatch({ ...counted, canaryRequests: 1_020, stableRequests: 8_980 })).toBe(false);
  });

  test('none at all is one, as soon as there were enough requests', () => {
    expect(isShareMismatch({ ...counted, canaryRequests: 0, stableRequests: 20 })).toBe(false);
    expect(isShareMismatch({ ...counted, canaryRequests: 0, stableRequests: 400 })).toBe(true);
  });

  test('a certain difference that is too small to matter is none', () => {
    expect(isShareMismatch({ ...counted, canaryRequests: 115_000, stableRequests: 885_000 })).toBe(false);
  });
});
