import type { Observation } from '@sluice/pipelines/rollout/rollout-state';
import { expect, test } from 'vitest';
import { rolloutHistory, type EvidenceRow } from './rollout-history.ts';

const latency = { stable: null, canary: null };

function observed(at: number, stable: number, canary: number): EvidenceRow {
  const reading = (total: number) => ({ bad: { pod: 0 }, total: { pod: total } });
  const observation: Observation = {
    at,
    metrics: { errors: { kind: 'read', stable: reading(stable), canary: reading(canary) } },
    latency,
  };
  const facts = { stable: null, canary: null, address: null };
  return {
    weight_percent: 10,
    event: { kind: 'action-finished', action: 1, at, result: { result: 'done', facts, observation } },
  };
}

test('a point counts what came since the point before, over resets of a counter', () => {
  const history = rolloutHistory([observed(1, 100, 10), observed(2, 190, 20), observed(3, 30, 30)]);
  expect(history.slice(1).map(({ stable, canary }) => [stable?.requests, canary?.requests])).toEqual([
    [90, 10],
    [30, 10],
  ]);
});

test('a long history is thinned, and no request is lost by it', () => {
  const rows = Array.from({ length: 2_001 }, (_, index) => observed(index, index * 9, index));
  const history = rolloutHistory(rows);
  expect(history.length).toBeLessThanOrEqual(500);
  const sum = history.reduce((total, point) => total + (point.stable?.requests ?? 0), 0);
  expect(sum).toBe(18_000);
});

test('what was not measured leaves no point', () => {
  expect(rolloutHistory([{ weight_percent: 0, event: { kind: 'tick', at: 1 } }])).toEqual([]);
});
