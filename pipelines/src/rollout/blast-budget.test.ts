import { describe, expect, test } from 'vitest';
import { blastBudget } from './blast-budget.ts';
import { aRollout, aSpec } from './rollout-rig.ts';
import { startRollout } from './advance-rollout.ts';
import type { MetricTally, Rollout } from './rollout-state.ts';

const minute = 60_000;
const side = (requests: number, bad: number) => ({ requests, bad, seen: null });

/** After one minute in which both versions were counted. */
function counted(
  stable: readonly [number, number],
  canary: readonly [number, number],
  budget = 0.9999,
): Rollout {
  const spec = aSpec({
    budget,
    bakeMs: 0,
    steps: [
      { kind: 'set-weight', percent: 1 },
      { kind: 'analysis', forMs: 30 * minute },
    ],
  });
  const tally: MetricTally = {
    stable: side(...stable),
    canary: side(...canary),
    perLook: { looks: 0, sum: 0, sumOfSquares: 0 },
  };
  const latest = { at: minute, metrics: {}, latency: { stable: null, canary: null } };
  return { ...startRollout(spec, 0), tally: { errors: tally }, latest, baseline: latest, countingSince: 0 };
}

describe('the budget', () => {
  test('of 99.99 % over 30 minutes at 1,000 requests per second is 180, and 0.6 % is a safe first weight', () => {
    expect(blastBudget(counted([60_000, 0], [0, 0]))).toMatchObject({
      allowed: expect.closeTo(180, 6),
      expectedRequests: 1_800_000,
      requestsPerSecond: 1_000,
      safePercent: expect.closeTo(0.6, 6),
      added: 0,
    });
  });

  test('is not spent by errors that the service has anyway, nor by their chance', () => {
    expect(blastBudget(counted([50_000, 500], [10_000, 120]))?.added).toBe(0);
    expect(blastBudget(counted([50_000, 500], [10_000, 400]))?.added).toBeCloseTo(270, 6);
    expect(blastBudget(counted([50_000, 0], [10_000, 7]))?.added).toBe(7);
  });

  test('is unknown while nothing was counted, and absent where none was asked for', () => {
    expect(blastBudget(startRollout(aSpec({ budget: 0.99 }), 0))).toBeNull();
    expect(blastBudget(startRollout(aSpec(), 0))).toBeNull();
  });
});

describe('a rollout with a budget', () => {
  const steps = [
    { kind: 'set-weight', percent: 10 },
    { kind: 'analysis', forMs: 5 * minute },
  ] as const;

  test('is rolled back as soon as it is spent, before the gate has a verdict', () => {
    const rig = aRollout({ steps, budget: 0.9999, bakeMs: 0 }, { canaryBadRate: 0.02 }).finish();
    const [last] = rig.decisions.slice(-1);
    expect(last).toMatchObject({ kind: 'roll-back', reason: expect.stringContaining('the budget is spent') });
    expect(rig.outcome?.result).toBe('failed');
  });

  test('says before the first weight what it allows', () => {
    const rig = aRollout({ steps, budget: 0.9999, bakeMs: 0 }).until('analysing');
    expect(rig.lines.join('\n')).toMatch(/the budget allows [\d.]+ bad requests of about [\d,]+: at 10 %/);
    expect(rig.lines.join('\n')).toMatch(/begin with at most [\d.]+ %/);
  });

  test('goes through where the new version is as good as the old one', () => {
    const healthy = { stableBadRate: 0.01, canaryBadRate: 0.01 };
    expect(aRollout({ steps, budget: 0.999, bakeMs: 0 }, healthy).finish().outcome?.result).toBe('succeeded');
  });
});
