import { expect, test } from 'vitest';
import { preflight } from './preflight.ts';
import { preflightLines } from './preflight-lines.ts';
import { aSpec } from './rollout-rig.ts';
import type { MetricHistory } from './rollout-state.ts';
import type { DeployWork } from '../language/definition.ts';

const minutes = (count: number): number => count * 60_000;

/** Three days of the same traffic. */
function days(requestsPerSecond: number, badShare: number): Readonly<Record<string, MetricHistory>> {
  const requests = Array.from({ length: 864 }, () => requestsPerSecond * 300);
  return {
    errors: { everyMs: 300_000, requests, bad: requests.map((count) => Math.round(count * badShare)) },
  };
}

function aStage(percent: number, forMs: number, more: Partial<DeployWork> = {}): DeployWork {
  const metric = { query: 'bad', of: 'all', worseThan: 1.5, limit: null, dryRun: false };
  return {
    ...aSpec().work,
    metrics: { errors: metric },
    steps: [
      { kind: 'set-weight', percent },
      { kind: 'analysis', forMs },
    ],
    ...more,
  };
}

const forecast = (found: ReturnType<typeof preflight>, times: 1 | 2 | 5) => {
  const one = found?.forecasts.find((each) => each.times === times);
  if (one === undefined) throw new Error('no forecast');
  return one;
};

test('with traffic enough a healthy release is rarely failed, and five times the errors are caught soon', () => {
  const found = preflight(aStage(10, minutes(10)), days(200, 0.01), {});
  expect(found).toMatchObject({
    pastMs: 3 * 86_400_000,
    requestsPerSecond: 200,
    badShare: 0.01,
    unknown: [],
  });
  expect(forecast(found, 1).failed).toBeLessThanOrEqual(5);
  expect(forecast(found, 1).passed).toBeGreaterThan(50);
  expect(forecast(found, 5).failed).toBe(100);
  expect(forecast(found, 5).medianMs).toBeLessThanOrEqual(minutes(2));
  expect(forecast(found, 2).medianMs ?? Infinity).toBeGreaterThan(forecast(found, 5).medianMs ?? 0);
});

test('where traffic is too little nothing is decided in the time allowed, and it says so', () => {
  const found = preflight(aStage(1, minutes(5)), days(1, 0.01), {});
  expect(forecast(found, 1)).toMatchObject({ failed: 0, passed: 0, undecided: 100, medianMs: null });
  const lines = found === null ? [] : preflightLines(found, 1);
  expect(lines[1]).toBe(
    'a release as good as this one: failed 0 % of the time, passed 0 %, 100 % without a verdict in the time allowed',
  );
});

test('errors that come in bursts fail no more healthy releases, and are caught later', () => {
  const smooth = preflight(aStage(10, minutes(10)), days(200, 0.01), {});
  const past = { errors: { ms: 1, requests: 1, bad: 1, spread: { chiSquare: 3_600, degrees: 360 } } };
  const bursts = preflight(aStage(10, minutes(10)), days(200, 0.01), past);
  expect(forecast(bursts, 1).failed).toBeLessThanOrEqual(5);
  expect(forecast(bursts, 5).medianMs ?? Infinity).toBeGreaterThanOrEqual(forecast(smooth, 5).medianMs ?? 0);
});

test('a budget gives the largest first weight that is safe at the present rate', () => {
  // 1,000 requests a second over 30 minutes at 99.99 %: 180 bad ones, and 30 seconds to roll back.
  const stage = aStage(10, minutes(30), { budget: 0.9999, bakeMs: 0, intervalMs: 10_000 });
  const found = preflight(stage, days(1_000, 0.001), {});
  expect(found?.budget?.allowed).toBeCloseTo(180);
  expect(found?.budget?.safePercent).toBeCloseTo(0.6, 1);
  expect(found === null ? [] : preflightLines(found, 10).at(-1)).toBe(
    'the budget allows 180 bad requests of about 1,800,000: begin with at most 0.6 %, and this stage begins with 10 %',
  );
});

test('metrics of which no past is known are named, and nothing at all is nothing', () => {
  const other = { query: 'x', of: 'y', worseThan: 2, limit: null, dryRun: false };
  const stage = aStage(10, minutes(10));
  const found = preflight({ ...stage, metrics: { ...stage.metrics, other } }, days(200, 0.01), {});
  expect(found?.unknown).toEqual(['other']);
  expect(preflight(stage, {}, {})).toBeNull();
  expect(preflight({ ...stage, steps: [] }, days(200, 0.01), {})).toBeNull();
});

test('the same past gives the same forecast', () => {
  const ask = () => preflight(aStage(5, minutes(5)), days(20, 0.02), {});
  expect(ask()).toEqual(ask());
});
