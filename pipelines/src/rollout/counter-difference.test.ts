import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addObservation, everCounted, restartCanary, restartTally } from './counter-difference.ts';
import type { MetricObservation, Observation, Rollout } from './rollout-state.ts';

type Tally = Rollout['tally'];
type Series = Readonly<Record<string, number>>;

const observe = (metric: MetricObservation): Observation => ({
  at: 0,
  metrics: { errors: metric },
  latency: { stable: null, canary: null },
});
const reading = (series: Series | null) => (series === null ? null : { bad: {}, total: series });
const read = (stable: Series | null, canary: Series | null = null) =>
  observe({ kind: 'read', stable: reading(stable), canary: reading(canary) });

/** Requests counted over the observations. */
function count(side: 'stable' | 'canary', ...seen: readonly Observation[]): number {
  const tally = seen.reduce<Tally>(
    (sofar, observation) => addObservation(sofar, observation, { isLook: true }),
    {},
  );
  return tally['errors']?.[side].requests ?? 0;
}

describe('counters', () => {
  test('count from the first reading on', () => {
    expect(count('stable', read({ a: 1_000 }))).toBe(0);
    expect(count('stable', read({ a: 1_000 }), read({ a: 1_010 }), read({ a: 1_015 }))).toBe(15);
  });

  test('that went down were restarted and count from 0, several times over', () => {
    expect(count('stable', read({ a: 100 }), read({ a: 7 }), read({ a: 9 }), read({ a: 3 }))).toBe(12);
  });

  test('of one restarted pod out of several count from 0, and those of the others go on', () => {
    const before = read({ a: 1_000, b: 500, c: 70 });
    expect(count('stable', before, read({ a: 1_010, b: 4, c: 75 }), read({ a: 1_011, b: 6, c: 1 }))).toBe(
      10 + 4 + 5 + 1 + 2 + 1,
    );
  });

  test('that appear later count in full, those that vanish keep what they had', () => {
    expect(count('stable', read({ a: 10 }), read({ a: 15, b: 4 }), read({ b: 6 }))).toBe(5 + 6);
  });

  test('that come back go on where they were', () => {
    expect(count('stable', read({ a: 10, b: 1 }), read({ b: 1 }), read({ a: 12, b: 1 }))).toBe(2);
    expect(count('stable', read({ a: 10 }), read(null), read({ a: 13 }))).toBe(3);
  });

  test('of a new version that had none before count in full, those of the old version do not', () => {
    expect(count('canary', read({ a: 1 }), read({ a: 1 }, { c: 8 }))).toBe(8);
    expect(count('stable', read(null), read({ a: 5_000 }))).toBe(0);
  });

  test('that could not be read are unknown, not zero', () => {
    const failed = observe({ kind: 'error', message: 'down' });
    expect(count('canary', failed, read({ a: 1 }, { c: 8 }))).toBe(0);
    expect(count('canary', read({ a: 1 }, { c: 8 }), failed, read({ a: 1 }, { c: 9 }))).toBe(1);
  });

  test('may be called as they please', () => {
    expect(count('stable', read({ constructor: 1 }), read({ constructor: 4, toString: 2 }))).toBe(5);
  });

  test('counted in many looks or in few give the same, as long as nothing restarts', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 20 }), (steps) => {
        const values = steps.reduce<number[]>((sofar, step) => [...sofar, (sofar.at(-1) ?? 0) + step], [100]);
        const last = values.at(-1) ?? 0;
        const all = values.map((a) => read({ a }));
        expect(count('stable', ...all)).toBe(count('stable', read({ a: 100 }), read({ a: last })));
      }),
    );
  });
});

describe('a tally', () => {
  const start = addObservation(
    addObservation({}, read({ a: 1 }, { c: 1 }), { isLook: true }),
    read({ a: 5 }, { c: 3 }),
    { isLook: true },
  );

  test('that is restarted counts anew and remembers every series', () => {
    const restarted = restartTally(start);
    expect(restarted['errors']).toMatchObject({ stable: { requests: 0 }, perLook: { looks: 0 } });
    expect(addObservation(restarted, read({ a: 7 }, { c: 4 }), { isLook: true })['errors']).toMatchObject({
      stable: { requests: 2 },
      canary: { requests: 1 },
    });
  });

  test('counts nothing while it warms up, and from its end on', () => {
    const warm = { isLook: true, isWarmingUp: () => true };
    const marks = addObservation(start, read({ a: 9 }, { c: 9 }), warm);
    expect(marks['errors']).toMatchObject({ stable: { requests: 0 }, canary: { requests: 0 } });
    expect(addObservation(marks, read({ a: 10 }, { c: 12 }), { isLook: true })['errors']).toMatchObject({
      stable: { requests: 1 },
      canary: { requests: 3 },
    });
  });

  test('begins anew where slow requests are counted above another border', () => {
    const above = (borderMs: number, total: number) =>
      observe({ kind: 'read', stable: { bad: { a: 1 }, total: { a: total } }, canary: null, borderMs });
    const counted = [above(300, 10), above(300, 30), above(500, 31), above(500, 35)].reduce<
      Parameters<typeof addObservation>[0]
    >((tally, observation) => addObservation(tally, observation, { isLook: true }), {});
    expect(counted['errors']).toMatchObject({ borderMs: 500, stable: { requests: 4 } });
  });

  test('remembers what it counted at the weights before', () => {
    const later = addObservation(restartTally(start), read({ a: 7 }, { c: 4 }), { isLook: true });
    const counts = later['errors'];
    expect(counts === undefined ? null : everCounted(counts, 'stable').requests).toBe(4 + 2);
    expect(counts === undefined ? null : everCounted(counts, 'canary').requests).toBe(2 + 1);
  });

  test('may keep the old version as the reference', () => {
    expect(restartCanary(start)['errors']).toMatchObject({
      stable: { requests: 4 },
      canary: { requests: 0 },
    });
  });
});
