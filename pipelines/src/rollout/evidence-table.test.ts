import { describe, expect, test } from 'vitest';
import { evidenceTable } from './evidence-table.ts';
import { aRollout } from './rollout-rig.ts';

describe('the evidence table', () => {
  test('shows the old version beside the new, with counts, shares and the distance to a verdict', () => {
    const rig = aRollout({}, { requestsPerSecond: 20 }).until('analysing');
    while ((rig.rollout.tally['errors']?.canary.requests ?? 0) < 80) rig.step();
    const table = evidenceTable(rig.rollout);
    expect(table.countedBy).toBe('errors');
    expect(table.rows.map(({ version, side }) => [version, side])).toEqual([
      ['r12', 'stable'],
      ['r13', 'canary'],
    ]);
    expect(table.rows[1]).toMatchObject({
      requests: 80,
      errors: 0,
      successRatePercent: 100,
      intendedSharePercent: 10,
    });
    expect(table.rows[1]?.observedSharePercent).toBeCloseTo(10, 0);
    expect(table.verdict.kind).toBe('need-more');
    expect(table.verdict.distance).toBe('2 more minutes at this rate');
    expect(table.metrics).toHaveLength(1);
  });

  test('after a roll-back, the share beside the counts is the one that was in force while they grew', () => {
    const { rows, countedBy } = evidenceTable(aRollout({}, { canaryBadRate: 0.5 }).finish().rollout);
    expect(countedBy).toBe('errors');
    expect(rows.map(({ intendedSharePercent }) => intendedSharePercent)).toEqual([90, 10]);
    expect(rows[1]?.observedSharePercent).toBeCloseTo(10, 0);
  });

  test('after a promotion, the counts of the old version are a reference and share nothing with the new one', () => {
    const { rows } = evidenceTable(aRollout().until('baking').finish().rollout);
    expect(rows[0]?.requests).toBeGreaterThan(0);
    expect(rows.map(({ intendedSharePercent }) => intendedSharePercent)).toEqual([null, 100]);
    expect(rows.map(({ observedSharePercent }) => observedSharePercent)).toEqual([null, null]);
  });

  test('has one row and no verdict before anything was measured', () => {
    const { rows, verdict, countedBy } = evidenceTable(aRollout({}, { stable: false }).rollout);
    expect(rows.map(({ version }) => version)).toEqual(['r13']);
    expect(rows[0]).toMatchObject({ requests: 0, successRatePercent: null, observedSharePercent: null });
    expect(verdict).toMatchObject({ kind: 'none', distance: null });
    expect(countedBy).toBeNull();
  });
});
