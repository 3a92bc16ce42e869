// Stories of whole rollouts whose metrics have gauges and rules of their own.
import { describe, expect, test } from 'vitest';
import type { LookRules, PointMetric } from '../language/definition.ts';
import { advanceRollout } from './advance-rollout.ts';
import { aRollout } from './rollout-rig.ts';
import type { Rollout } from './rollout-state.ts';

const minute = 60_000;
const steps = [
  { kind: 'set-weight', percent: 10 },
  { kind: 'analysis', forMs: 5 * minute },
] as const;
const counter = { kind: 'count', query: 'b', of: 'a', worseThan: 1.5, limit: null, dryRun: false } as const;
const gauge: PointMetric = { kind: 'points', query: 'mean', tolerance: 0.1, limit: null, dryRun: false };
const noRules: LookRules = {
  intervalMs: null,
  count: null,
  failureLimit: null,
  inconclusiveLimit: null,
  consecutiveErrorLimit: null,
  initialDelayMs: 0,
};
const noise = (at: number): number => 0.95 + ((Math.floor(at / 1_000) * 37) % 11) / 110;
const steady = (level: number) => (at: number) => level * noise(at);
const both = (stable: number, canary: number) => (at: number) => ({
  stable: steady(stable)(at),
  canary: steady(canary)(at + 5_000),
});

describe('a gauge', () => {
  const metrics = { errors: counter, mean: gauge };

  test('as low as before lets the canary through, after as many looks as it needs', () => {
    const rig = aRollout({ steps, metrics }, { gauge: both(20, 20) }).finish();
    expect(rig.outcome?.result).toBe('succeeded');
    expect(rig.decisions[0]?.verdict?.metrics[1]).toMatchObject({ kind: 'pass', points: { taken: 10 } });
  });

  test('three times as high rolls it back, with both medians in the reason', () => {
    const rig = aRollout({ steps, metrics }, { gauge: both(20, 60) }).finish();
    expect(rig.rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: expect.stringMatching(/^mean [\d.]+ on r13 against [\d.]+ on r12 \(medians of 10\), higher by/),
    });
  });

  test.each([
    ['the canary', { stable: 20, canary: null }],
    ['the old version', { stable: null, canary: 20 }],
    ['either side', { stable: null, canary: null }],
  ])('without a value of %s is held, and never promoted', (_, values) => {
    const rig = aRollout({ steps, metrics }, { gauge: () => values }).until('held');
    expect(rig.rollout.phase).toMatchObject({
      cause: 'inconclusive',
      reason: expect.stringContaining('mean'),
    });
  });

  test('says how much longer it takes while there are too few values', () => {
    const rig = aRollout({ steps, metrics }, { gauge: both(20, 20) }).until('analysing');
    for (let look = 0; look < 6; look++) rig.step();
    expect(rig.rollout.verdict?.metrics[1]).toMatchObject({ kind: 'need-more', moreMs: 70_000 });
    expect(rig.rollout.verdict?.reason).toContain('at least 70 seconds more');
  });

  test('with a ceiling fails by three of the latest five values above it, and not by two', () => {
    const ceiling = { errors: counter, mean: { ...gauge, tolerance: null, limit: 50 } };
    const above = (count: number) => (at: number) => ({
      stable: null,
      canary: Math.floor(at / 10_000) % 5 < count ? 51 : 49,
    });
    expect(aRollout({ steps, metrics: ceiling }, { gauge: above(2) }).finish().outcome?.result).toBe(
      'succeeded',
    );
    expect(aRollout({ steps, metrics: ceiling }, { gauge: above(3) }).finish().rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: expect.stringContaining('above 50, 2 allowed'),
    });
  });
});

describe('a gauge with conditions', () => {
  const judged = (conditions: Partial<PointMetric>, value: number | null) => {
    const mean = { ...gauge, tolerance: null, ...conditions };
    const world = { gauge: () => ({ stable: null, canary: value }) };
    return aRollout({ steps, metrics: { errors: counter, mean } }, world);
  };

  test('passes by its success condition, fails by its failure condition, and says which', () => {
    const conditions = { successCondition: 'result >= 0.9', failureCondition: 'result < 0.5' };
    expect(judged(conditions, 0.95).finish().outcome?.result).toBe('succeeded');
    expect(judged(conditions, 0.2).finish().rollout.phase).toMatchObject({
      name: 'rolled-back',
      reason: 'mean 0.2 on r13: result < 0.5',
    });
  });

  test('between them, and without a value, is held', () => {
    const conditions = { successCondition: 'result >= 0.9', failureCondition: 'result < 0.5' };
    expect(judged(conditions, 0.7).until('held').rollout.phase).toMatchObject({ cause: 'inconclusive' });
    expect(judged({ failureCondition: 'result > 0.05' }, null).until('held').rollout.phase).toMatchObject({
      cause: 'inconclusive',
    });
  });

  test('does not count one bad value again where the next looks have none', () => {
    const rules = { ...noRules, failureLimit: 2 };
    const mean = { ...gauge, tolerance: null, failureCondition: 'result > 5', rules };
    let left = 2;
    const once = () => ({ stable: null, canary: left-- > 0 ? 9 : null });
    const rig = aRollout({ steps, metrics: { errors: counter, mean } }, { gauge: once }).until('held');
    expect(rig.rollout.looks?.['mean']?.failed).toBeLessThan(3);
  });

  test('that cannot be answered is held as an error', () => {
    expect(judged({ failureCondition: 'other > 1' }, 1).until('held').rollout.phase).toMatchObject({
      cause: 'query-errors',
    });
  });
});

describe('the rules of a metric', () => {
  const ruled = (rules: Partial<LookRules>) => ({
    errors: counter,
    mean: { ...gauge, rules: { ...noRules, ...rules } },
  });

  test('initial_delay: what happens before it does not count', () => {
    const metrics = { errors: { ...counter, rules: { ...noRules, initialDelayMs: 2 * minute } } };
    const rig = aRollout({ steps, metrics }).until('analysing');
    for (let look = 0; look < 10; look++) rig.step();
    expect(rig.rollout.verdict).toMatchObject({ kind: 'need-more' });
    expect(rig.rollout.verdict?.reason).toContain('initial delay');
    expect(rig.rollout.tally['errors']?.canary.requests).toBe(0);
    expect(rig.finish().outcome?.result).toBe('succeeded');
  });

  test('count: so many looks have to pass', () => {
    const looksUntilPass = (count: number): number => {
      const metrics = { errors: { ...counter, rules: { ...noRules, count } } };
      const rig = aRollout({ steps, metrics }).until('promoting');
      return rig.decisions[0]?.verdict?.metrics[0]?.looks?.passed ?? 0;
    };
    expect(looksUntilPass(1)).toBe(1);
    expect(looksUntilPass(7)).toBe(7);
  });

  test('failure_limit: so many failed looks are let pass, and are told', () => {
    const metrics = { errors: { ...counter, rules: { ...noRules, failureLimit: 3 } } };
    const rig = aRollout({ steps, metrics }, { canaryBadRate: 0.5 }).finish();
    const verdict = rig.decisions.at(-1)?.verdict;
    expect(verdict).toMatchObject({ kind: 'fail', metrics: [{ looks: { failed: 4 } }] });
    expect(rig.lines.join('\n')).toMatch(/failed look \d of 3 that are let pass/);
  });

  test('failure_limit: holds while the new version bakes, too', () => {
    let value = 1;
    const rules = { ...noRules, failureLimit: 2 };
    const mean = { ...gauge, tolerance: null, failureCondition: 'result > 5', rules };
    const work = { steps, metrics: { errors: counter, mean }, bakeMs: 5 * minute };
    const rig = aRollout(work, { gauge: () => ({ stable: null, canary: value }) }).until('baking');
    value = 9;
    rig.finish();
    expect(rig.rollout.phase.name).toBe('rolled-back');
    expect(rig.rollout.looks?.['mean']?.failed).toBe(3);
  });

  test('interval: does not delay a fail of which none is let pass', () => {
    const metrics = { errors: { ...counter, rules: { ...noRules, intervalMs: 2 * minute } } };
    const rig = aRollout({ steps, metrics }, { canaryBadRate: 0.5 });
    const since = rig.until('analysing').now;
    expect(rig.until('rolling-back').now - since).toBeLessThan(minute);
  });

  test('interval: a value is taken no more often', () => {
    const rig = aRollout({ steps, metrics: ruled({ intervalMs: 40_000 }) }, { gauge: both(20, 20) });
    rig.until('held');
    expect(rig.rollout.tally['mean']?.points?.taken).toBe(8);
    expect(rig.lines.join('\n')).toContain('will not be able to decide within 5 minutes');
  });

  test('inconclusive_limit: a person is asked before the time is over', () => {
    const rig = aRollout(
      { steps, metrics: ruled({ inconclusiveLimit: 2 }) },
      { gauge: () => ({ stable: 20, canary: null }) },
    );
    const before = rig.until('analysing').now;
    expect(rig.until('held').now - before).toBeLessThan(minute);
  });

  test('consecutive_error_limit: so many errors in a row are let pass', () => {
    const world = {
      gauge: both(20, 20),
      metrics: (at: number) => (at > 10_000 ? ('error' as const) : ('fine' as const)),
    };
    const errors = (rules: Partial<LookRules>) => aRollout({ steps, metrics: ruled(rules) }, world);
    const looks = (rules: Partial<LookRules>) => errors(rules).until('held').rollout.looks?.['mean']?.errors;
    expect(looks({})).toBe(5);
    expect(looks({ consecutiveErrorLimit: 1 })).toBe(2);
    const patient = { ...noRules, consecutiveErrorLimit: 8 };
    const metrics = { errors: { ...counter, rules: patient }, mean: { ...gauge, rules: patient } };
    expect(aRollout({ steps, metrics }, world).until('held').rollout.looks?.['mean']?.errors).toBe(9);
  });

  test('dry_run: neither its failure nor its errors matter', () => {
    const metrics = { errors: counter, mean: { ...gauge, dryRun: true } };
    expect(aRollout({ steps, metrics }, { gauge: both(20, 90) }).finish().outcome?.result).toBe('succeeded');
    expect(aRollout({ steps, metrics }, { gauge: null }).finish().outcome?.result).toBe('succeeded');
  });

  test('a metric that has passed at this weight need not pass again at the moment when the last one does', () => {
    const rig = aRollout({ steps, metrics: { errors: counter, mean: gauge } }, { gauge: both(20, 20) });
    const passed = rig.until('promoting').decisions[0]?.verdict?.metrics ?? [];
    expect(passed.map(({ kind }) => kind)).toEqual(['pass', 'pass']);
    expect(passed[0]?.looks?.passed).toBeGreaterThan(passed[1]?.looks?.passed ?? 0);
  });
});

describe('evidence that cannot be used', () => {
  test('from before the last look is an error, and counts for nothing', () => {
    const rig = aRollout({ steps }, { lateMs: (at) => (at > 30_000 ? at : 0) }).until('held');
    expect(rig.rollout.phase).toMatchObject({
      cause: 'query-errors',
      reason: expect.stringContaining('the clocks of the workers differ'),
    });
  });

  test('of another kind than the metric needs is an error', () => {
    const rig = aRollout({ steps, metrics: { errors: gauge } }).until('held');
    expect(rig.rollout.phase).toMatchObject({ reason: expect.stringContaining('another kind of figure') });
  });
});

describe('before the traffic moves', () => {
  const slow = { steps: [{ kind: 'set-weight', percent: 1 }, steps[1]], onInconclusive: 'abort' } as const;

  test('a gate that can never decide in its time is refused where that would roll back', () => {
    const metrics = { mean: { ...gauge, rules: { ...noRules, intervalMs: 5 * minute } } };
    const rig = aRollout({ ...slow, metrics }, { gauge: both(20, 20) }).finish();
    expect(rig.rollout.phase).toMatchObject({
      name: 'refused',
      reason: expect.stringContaining('an analysis of 5 minutes can never decide'),
    });
  });

  test('it is only told where a person decides then', () => {
    const metrics = { mean: { ...gauge, rules: { ...noRules, intervalMs: 5 * minute } } };
    const rig = aRollout({ ...slow, metrics, onInconclusive: 'hold' }, { gauge: both(20, 20) });
    expect(rig.until('held').lines.join('\n')).toContain('will not be able to decide within 5 minutes');
  });
});

test('a rollout that an older version has begun goes on', () => {
  const whole = aRollout({ steps }).until('analysing');
  const { countingSince: _, looks: __, ...old } = whole.rollout;
  const tally = Object.fromEntries(
    Object.entries(old.tally).map(([metric, { stable, canary }]) => [
      metric,
      { stable, canary, perLook: { looks: 3, sum: 2, sumOfSquares: 2 } },
    ]),
  );
  let rollout: Rollout = JSON.parse(JSON.stringify({ ...old, tally }));
  const rig = aRollout({ steps });
  rig.until('analysing').rollout = rollout;
  rollout = rig.finish().rollout;
  expect(rollout.phase.name).toBe('succeeded');
  expect(advanceRollout(rollout, { kind: 'tick', at: 0 }).commands).toEqual([]);
});
