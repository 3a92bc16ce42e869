import { describe, expect, test } from 'vitest';
import { changeSettings } from './changed-settings.ts';
import { compareDecisions, differencesOf } from './compare-decisions.ts';
import { replayRollout, replayWith } from './replay.ts';
import { aRollout, aSpec } from './rollout-rig.ts';

const counts = { query: 'bad', of: 'all', limit: null, dryRun: false } as const;
const work = { metrics: { errors: { kind: 'count', ...counts, worseThan: 1.5 } } } as const;
const slightly = { stableBadRate: 0.01, canaryBadRate: 0.025 };

describe('a replay', () => {
  test('decides the same, byte for byte, however the evidence was stored', () => {
    const rig = aRollout(work, slightly).finish();
    const stored = JSON.parse(JSON.stringify(rig.events));
    const { decisions, rollout } = replayRollout(rig.rollout.spec, stored, 0);
    expect(compareDecisions(rig.decisions, decisions).every(({ isSame }) => isSame)).toBe(true);
    expect(JSON.stringify(decisions)).toBe(JSON.stringify(rig.decisions));
    expect(rollout).toEqual(rig.rollout);
  });

  test('with more patience goes on where the recorded one went back, and says where the evidence ends', () => {
    const rig = aRollout(work, slightly).finish();
    const patient = changeSettings(rig.rollout.spec, {
      ...rig.rollout.spec.work,
      metrics: { errors: { kind: 'count', ...counts, worseThan: 4 } },
    });
    const { decisions, parted, rollout } = replayWith(rig.rollout.spec, patient.spec, rig.events, 0);
    expect(patient.changes).toEqual(['metrics.errors.worseThan: 1.5 → 4']);
    expect(rig.decisions.map(({ kind }) => kind)).toEqual(['roll-back']);
    expect(decisions.map(({ kind }) => kind)).toEqual(['continue']);
    expect(rollout.phase.name).toBe('setting-weight');
    expect(parted?.reason).toContain('would have asked to set-weight 50 %');
  });

  test('with less of it goes back where the recorded one went on', () => {
    const steps = [
      { kind: 'set-weight', percent: 10 },
      { kind: 'pause', forMs: 600_000 },
      { kind: 'analysis', forMs: 60_000 },
    ] as const;
    const metrics = { errors: { kind: 'count', ...counts, worseThan: 4 } } as const;
    const rig = aRollout({ steps, metrics }, slightly).finish();
    const strict = changeSettings(rig.rollout.spec, aSpec({ ...work, steps }).work);
    const { decisions, parted } = replayWith(rig.rollout.spec, strict.spec, rig.events, 0);
    expect(rig.outcome?.result).toBe('succeeded');
    expect(decisions.map(({ kind }) => kind)).toEqual(['roll-back']);
    expect(parted?.reason).toContain('would have asked to roll-back');
    const [first] = compareDecisions(rig.decisions, decisions);
    expect(first?.differences).toContainEqual('kind: "continue" → "roll-back"');
  });

  test('with another interval knows that the looks were not taken so', () => {
    const rig = aRollout(work).finish();
    const slow = changeSettings(rig.rollout.spec, { ...rig.rollout.spec.work, intervalMs: 60_000 });
    const { parted } = replayWith(rig.rollout.spec, slow.spec, rig.events, 0);
    expect(parted?.reason).toContain('waited for its next look, 60 seconds after');
  });
});

describe('changed settings', () => {
  test('name what the evidence cannot answer', () => {
    const { notes } = changeSettings(aSpec(work), {
      ...aSpec(work).work,
      metrics: {
        errors: { ...work.metrics.errors, query: 'other' },
        mean: { kind: 'points', query: 'mean', tolerance: 0.1, limit: null, dryRun: false },
      },
    });
    expect(notes).toEqual([
      'the metric "errors" has another query now; what was measured is by the old one',
      'the metric "mean" was not measured in this rollout',
    ]);
  });

  test('that only spell out what was left out are none', () => {
    const { kind: _, ...plain } = work.metrics.errors;
    const spec = aSpec({ metrics: { errors: plain } });
    expect(changeSettings(spec, aSpec(work).work).changes).toEqual([]);
  });
});

test('differences are named by their place, whatever the order of keys', () => {
  expect(differencesOf({ a: [1, { b: 2 }], c: 3 }, { c: 3, a: [1, { b: 4 }], d: null })).toEqual([
    'a.1.b: 2 → 4',
    'd: nothing → null',
  ]);
  expect(differencesOf({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
});
