import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeployWork, RolloutStep } from '../language/definition.ts';
import { guardRestored } from './guarded.ts';
import { aRollout, type RolloutRig, type World } from './rollout-rig.ts';

const [second, minute] = [1_000, 60_000];
const guard = { afterMs: minute, isRequired: false };
const missing = { problem: 'no guard is installed in namespace shop' };

/** The engine finds that the guard has acted, from the first such action after this moment on. */
const restoresAt = (moment: number, first?: string): Partial<World> => {
  let hasActed = false;
  return {
    fails: ({ kind }, at) => {
      hasActed ||= at >= moment && (first === undefined || kind === first);
      return hasActed && kind !== 'roll-back' ? { reason: guardRestored, retryable: false } : null;
    },
  };
};

describe('a rollout that asks for a guard', () => {
  test('is refused where none is at work, before anything is changed', () => {
    const rig = aRollout({ guard: { ...guard, isRequired: true } }, { guard: missing });
    rig.finish();
    expect(rig.actions).toEqual([{ kind: 'inspect' }]);
    expect(rig.outcome).toMatchObject({
      failure: { message: expect.stringMatching(/guard: 60 seconds\), and no guard is installed/) },
    });
  });

  test('goes on with one, and says so', () => {
    const rig = aRollout({ guard: { ...guard, isRequired: true } }, { guard: { problem: null } });
    rig.finish();
    expect(rig.outcome).toMatchObject({ result: 'succeeded' });
    expect(rig.lines.join('\n')).toContain('guarded: 60 seconds without a sign of the engine');
    expect(rig.rollout.guard).toEqual({ problem: null });
  });

  test('that the file does not ask for goes on without one, and says that nobody guards it', () => {
    const rig = aRollout({ guard }, { guard: missing });
    rig.finish();
    expect(rig.outcome).toMatchObject({ result: 'succeeded' });
    expect(rig.lines.join('\n')).toContain('not guarded: no guard is installed in namespace shop');
  });

  test('a first deployment has nothing to go back to, and needs none', () => {
    const rig = aRollout({ guard: { ...guard, isRequired: true } }, { stable: false });
    rig.finish();
    expect(rig.outcome).toMatchObject({ result: 'succeeded' });
  });
});

describe('what the guard has given back', () => {
  const work: Partial<DeployWork> = {
    guard,
    bakeMs: 5 * minute,
    drainMs: minute,
    steps: [
      { kind: 'set-weight', percent: 10 },
      { kind: 'analysis', forMs: minute, whole: true },
      { kind: 'pause', forMs: minute },
    ],
  };

  test.each([
    ['setting-weight', 0, 'set-weight'],
    ['analysing', 40 * second],
    ['paused', 90 * second],
    ['baking', 4 * minute],
    ['promoting', 0, 'promote'],
    ['retiring', 7.4 * minute],
  ])('in phase %s is rolled back, with the guard as the one who did it', (phase, moment, first?: string) => {
    const rig = aRollout(work, { guard: { problem: null }, ...restoresAt(moment, first) });
    let last = rig.rollout.phase.name;
    rig.check = (_, before) => {
      if (before.phase.name !== 'rolling-back') last = before.phase.name;
    };
    rig.finish();
    expect(last).toBe(phase);
    expect(rig.rollout.phase).toMatchObject({ name: 'rolled-back', reason: 'as simulated' });
    expect(rig.decisions.at(-1)).toMatchObject({ kind: 'roll-back', by: 'guard', reason: 'as simulated' });
    expect(rig.outcome).toMatchObject({ result: 'failed' });
  });

  test('while the engine gives it back itself changes nothing', () => {
    const rig = aRollout(work, {
      canaryBadRate: 0.5,
      fails: ({ kind }, at) =>
        kind === 'roll-back' && at < 2 * minute ? { reason: guardRestored, retryable: true } : null,
    });
    rig.finish();
    expect(rig.decisions.filter(({ kind }) => kind === 'roll-back')).toMatchObject([{ by: 'judge' }]);
    expect(rig.rollout.phase.name).toBe('rolled-back');
  });
});

test('a guard hears of the engine at every interval for as long as the new version may have traffic', () => {
  const length = fc.integer({ min: 1, max: 300 }).map((seconds) => seconds * second);
  const soak: fc.Arbitrary<RolloutStep> = fc.oneof(
    length.map((forMs) => ({ kind: 'pause', forMs }) as const),
    length.map((forMs) => ({ kind: 'analysis', forMs, whole: true }) as const),
  );
  const works = fc.record({
    steps: fc
      .array(soak, { maxLength: 4 })
      .map((soaks): readonly RolloutStep[] => [{ kind: 'set-weight', percent: 10 }, ...soaks]),
    intervalMs: fc.constantFrom(second, 10 * second, 30 * second),
    bakeMs: fc.oneof(fc.constant(0), length),
    drainMs: fc.oneof(fc.constant(0), length),
  });
  fc.assert(
    fc.property(works, (work) => {
      const rig = aRollout({ ...work, guard }, { guard: { problem: null } });
      expect(longestSilence(rig)).toBeLessThanOrEqual(work.intervalMs + second);
      expect(rig.outcome).toMatchObject({ result: 'succeeded' });
    }),
    { numRuns: 60 },
  );
});

/** Between two actions, from the first traffic to the end of the old version. */
function longestSilence(rig: RolloutRig): number {
  let [asked, heardAt, longest] = [0, 0, 0];
  let isServed = false;
  rig.check = ({ actions, now, rollout }) => {
    if (actions.length === asked) return;
    asked = actions.length;
    if (isServed) longest = Math.max(longest, now - heardAt);
    heardAt = now;
    isServed = rollout.weightPercent > 0 && actions.at(-1)?.kind !== 'retire-old';
  };
  rig.finish(20_000);
  return longest;
}
