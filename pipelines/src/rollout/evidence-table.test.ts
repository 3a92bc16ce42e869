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

  test('has one row and no verdict before anything was measured', () => {
    const { rows, verdict, countedBy } = evidenceTable(aRollout({}, { stable: false }).rollout);
    expect(rows.map(({ version }) => version)).toEqual(['r13']);
    expect(rows[0]).toMatchObject({ requests: 0, successRatePercent: null, observedSharePercent: null });
    expect(verdict).toMatchObject({ kind: 'none', distance: null });
    expect(countedBy).toBeNull();
  });
});
