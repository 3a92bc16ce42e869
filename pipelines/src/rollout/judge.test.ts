import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MetricSpec } from '../language/definition.ts';
import { providerMetric } from './gate-metrics.ts';
import { judge } from './judge.ts';
import type { JudgeQuestion } from './judge-question.ts';
import type { MetricObservation, MetricTally } from './rollout-state.ts';

interface Counts {
  readonly stable: readonly [requests: number, bad: number];
  readonly canary: readonly [requests: number, bad: number];
}

const counted = ({ stable, canary }: Counts): MetricTally => ({
  stable: { requests: stable[0], bad: stable[1], seen: null },
  canary: { requests: canary[0], bad: canary[1], seen: null },
  perLook: { looks: 0, sum: 0, sumOfSquares: 0 },
});
const someSeries = { bad: {}, total: { pod: 1 } };
const readBoth: MetricObservation = { kind: 'read', stable: someSeries, canary: someSeries };

function question(
  counts: Readonly<Record<string, Counts>>,
  changes: Partial<JudgeQuestion> & { readonly reading?: MetricObservation } = {},
): JudgeQuestion {
  const metrics = Object.fromEntries(Object.keys(counts).map((name) => [name, readBoth]));
  const [first] = Object.keys(counts);
  const readings = changes.reading === undefined ? metrics : { ...metrics, [first ?? '']: changes.reading };
  return {
    metrics: Object.fromEntries(Object.keys(counts).map((name) => [name, providerMetric])),
    confidence: 0.95,
    tally: Object.fromEntries(Object.entries(counts).map(([name, sides]) => [name, counted(sides)])),
    latest: { at: 60_000, metrics: readings, latency: { stable: null, canary: null } },
    countedSince: 0,
    intendedSharePercent: 10,
    shareTolerancePercent: 100,
    names: { stable: 'r12', canary: 'r13' },
    traffic: 'beside',
    ...changes,
  };
}

const clean: Counts = { stable: [9_000, 0], canary: [1_000, 0] };
const bad: Counts = { stable: [9_000, 9], canary: [1_000, 50] };
const few: Counts = { stable: [900, 0], canary: [100, 0] };

describe('the judge', () => {
  test('passes a canary without an error after enough requests, and not before', () => {
    expect(judge(question({ errors: clean }))).toMatchObject({ kind: 'pass' });
    expect(judge(question({ errors: { ...clean, canary: [298, 0] } })).kind).toBe('need-more');
    expect(judge(question({ errors: { ...clean, canary: [299, 0] } })).kind).toBe('pass');
  });

  test('says how far away a verdict is, at the present rates', () => {
    const { metrics, reason } = judge(question({ errors: few }));
    expect(metrics[0]).toMatchObject({ kind: 'need-more', moreRequests: 199, moreMs: 118_844 });
    expect(reason).toContain('about 199 more requests or 2 minutes at this rate');
  });

  test('knows when a pass is out of reach', () => {
    const twice: Counts = { stable: [9_000, 9], canary: [1_000, 4] };
    expect(judge(question({ errors: twice })).metrics[0]).toMatchObject({
      kind: 'need-more',
      moreRequests: null,
      moreMs: null,
    });
  });

  test('fails with the figures of both sides in its reason', () => {
    expect(judge(question({ errors: bad }))).toMatchObject({
      kind: 'fail',
      reason:
        'errors 5 % on r13 (50 of 1,000 requests) against 0.1 % on r12 (9 of 9,000 requests): worse than the 1.5 times allowed',
    });
  });

  test('one failing metric is a fail, whatever the others say', () => {
    expect(judge(question({ errors: clean, slow: bad })).kind).toBe('fail');
    expect(
      judge(question({ errors: bad, slow: clean }, { reading: { kind: 'error', message: 'down' } })).kind,
    ).toBe('fail');
  });

  test('all metrics have to pass, except those that run dry', () => {
    expect(judge(question({ errors: clean, slow: few })).kind).toBe('need-more');
    const dry: MetricSpec = { ...providerMetric, dryRun: true };
    const metrics = { errors: providerMetric, slow: dry };
    expect(judge(question({ errors: clean, slow: bad }, { metrics })).kind).toBe('pass');
    expect(judge(question({ errors: clean, slow: bad }, { metrics: { errors: dry, slow: dry } })).kind).toBe(
      'need-more',
    );
  });

  test('several metrics share the confidence', () => {
    const threshold = (metrics: Record<string, Counts>) => judge(question(metrics)).metrics[0]?.threshold;
    expect(threshold({ errors: clean })).toBeCloseTo(Math.log(20), 12);
    expect(threshold({ errors: clean, slow: clean })).toBeCloseTo(Math.log(40), 12);
  });

  test('a limit is kept as well as the comparison', () => {
    const metrics = { errors: { ...providerMetric, limit: 0.001 } };
    expect(judge(question({ errors: clean }, { metrics })).kind).toBe('need-more');
    expect(judge(question({ errors: { ...clean, canary: [20_000, 0] } }, { metrics })).kind).toBe('pass');
    const bothBad: Counts = { stable: [9_000, 90], canary: [1_000, 10] };
    expect(judge(question({ errors: bothBad }, { metrics })).kind).toBe('fail');
  });

  test.each([
    ['a query error', { kind: 'error', message: 'down' }, 'error'],
    ['no series of the canary', { kind: 'read', stable: someSeries, canary: null }, 'no-data'],
    ['no series of the old version', { kind: 'read', stable: null, canary: someSeries }, 'no-data'],
  ] as const)('%s never passes, however good the counts before', (_name, reading, kind) => {
    expect(judge(question({ errors: clean }, { reading })).kind).toBe(kind);
  });

  test('no requests are no data', () => {
    expect(judge(question({ errors: { ...clean, canary: [0, 0] } })).kind).toBe('no-data');
    expect(judge(question({ errors: { ...clean, stable: [0, 0] } })).kind).toBe('no-data');
  });

  test('users who do not get the share that was set are an error of the platform', () => {
    const verdict = judge(
      question({ errors: { stable: [9_990, 0], canary: [310, 0] } }, { shareTolerancePercent: 2 }),
    );
    expect(verdict).toMatchObject({ kind: 'error', reason: expect.stringContaining('weight-not-applied') });
  });

  test('after the promotion the old version is the reference', () => {
    const afterwards = (sides: Counts) => judge(question({ errors: sides }, { traffic: 'afterwards' })).kind;
    expect(afterwards({ stable: [9_000, 9], canary: [3_000, 3] })).not.toBe('fail');
    expect(afterwards({ stable: [9_000, 9], canary: [3_000, 90] })).toBe('fail');
    expect(afterwards({ stable: [0, 0], canary: [3_000, 3] })).toBe('need-more');
  });
});

const side = fc
  .tuple(fc.nat(20_000), fc.nat(300))
  .map(([good, badOnes]) => [good + badOnes, badOnes] as const);
const sides = fc.record({ stable: side, canary: side });

describe('whatever was counted', () => {
  test('more errors of the canary never turn fail into pass', () => {
    fc.assert(
      fc.property(sides, fc.nat(100), (counts, more) => {
        fc.pre(counts.canary[0] >= counts.canary[1] + more);
        const worse = { ...counts, canary: [counts.canary[0], counts.canary[1] + more] as const };
        const [before, after] = [counts, worse].map((which) => judge(question({ errors: which })).kind);
        expect(before !== 'fail' || after === 'fail').toBe(true);
        expect(after !== 'pass' || before === 'pass').toBe(true);
      }),
    );
  });

  test('a pass has requests on both sides', () => {
    fc.assert(
      fc.property(sides, (counts) => {
        const { kind } = judge(question({ errors: counts }));
        expect(kind !== 'pass' || Math.min(counts.canary[0], counts.stable[0]) > 0).toBe(true);
      }),
    );
  });

  test('the same evidence gives the same bytes, and every figure is finite', () => {
    fc.assert(
      fc.property(sides, (counts) => {
        const [one, two] = [1, 2].map(() =>
          JSON.stringify(judge(question({ errors: counts, slow: counts }))),
        );
        expect(one).toBe(two);
        const figures = judge(question({ errors: counts })).metrics.flatMap((metric) =>
          Object.values(metric),
        );
        expect(figures.filter((value) => typeof value === 'number' && !Number.isFinite(value))).toEqual([]);
      }),
    );
  });
});
