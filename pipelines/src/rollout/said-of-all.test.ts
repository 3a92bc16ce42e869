// What people say of all clusters at once, as the rollout of one of them hears it.
import { describe, expect, test } from 'vitest';
import { freezeRules, noFreeze } from '../freeze/freeze-rules.ts';
import { replayRollout } from './replay.ts';
import { aRollout, type RolloutRig } from './rollout-rig.ts';
import type { SteerEvent } from './rollout-state.ts';

const minute = 60_000;
const approval = { by: [], count: 1, withinMs: 30 * minute, notAuthor: true };

/** Of all clusters with a number, of this one without. */
function say(rig: RolloutRig, wish: 'hold' | 'resume' | 'promote', word?: number): void {
  const event: SteerEvent = { kind: `${wish}-requested`, by: 'eve', reason: 'because', at: rig.now };
  rig.now += 1;
  rig.fold(word === undefined ? event : { ...event, word });
}

function goOn(rig: RolloutRig, steps = 20): void {
  for (let step = 0; step < steps && !rig.isOver; step += 1) rig.step();
}

const isPromoted = (rig: RolloutRig): boolean => rig.actions.some(({ kind }) => kind === 'promote');

test('one that is held with all clusters stands still where it is, and goes on when all do', () => {
  const rig = aRollout().until('analysing');
  const { step, weightPercent } = rig.rollout;
  say(rig, 'hold', 1);
  goOn(rig);
  expect(rig.rollout).toMatchObject({
    phase: { name: 'paused', held: { by: 'eve', word: 1 } },
    step,
    weightPercent,
  });
  say(rig, 'resume', 2);
  expect(rig.rollout).toMatchObject({ phase: { name: 'analysing' }, step });
  expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
  const replay = replayRollout(rig.rollout.spec, rig.events, 0);
  expect(JSON.stringify(replay.decisions)).toBe(JSON.stringify(rig.decisions));
});

test('one that is still being deployed waits before it gets any traffic', () => {
  const rig = aRollout().until('deploying');
  say(rig, 'hold', 1);
  rig.until('paused');
  goOn(rig);
  expect(rig.actions.some(({ kind }) => kind === 'set-weight')).toBe(false);
  say(rig, 'resume', 2);
  expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
});

test('one that is resumed before it has come to wait never does', () => {
  const rig = aRollout().until('deploying');
  say(rig, 'hold', 1);
  say(rig, 'resume', 2);
  expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
  expect(rig.decisions.some(({ kind }) => kind === 'hold')).toBe(false);
});

test('one that a person holds by itself stays held when all others go on', () => {
  const rig = aRollout().until('analysing');
  say(rig, 'hold');
  say(rig, 'hold', 1);
  say(rig, 'resume', 2);
  expect(rig.rollout.phase).toMatchObject({ name: 'paused', held: { by: 'eve' } });
  say(rig, 'resume');
  expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
});

test('one that a person lets go by itself goes on while all others are held', () => {
  const rig = aRollout().until('analysing');
  say(rig, 'hold', 1);
  say(rig, 'resume');
  expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
});

test('an approval that is given while all clusters are held counts, and then it waits', () => {
  const steps = [
    { kind: 'set-weight', percent: 10 },
    { kind: 'approve', approval },
  ] as const;
  const rig = aRollout({ steps }).until('awaiting-approval');
  say(rig, 'hold', 1);
  const vote = { by: 'bob', verdict: 'approved', reason: null, at: rig.now } as const;
  rig.fold({ kind: 'voted', vote, at: rig.now });
  expect(rig.rollout.phase).toMatchObject({ name: 'paused', held: { word: 1, next: { step: 2 } } });
  say(rig, 'resume', 2);
  expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
});

test('the end of a freeze does not let go what is held with all clusters', () => {
  const window = {
    kind: 'deny',
    cron: '* * * * *',
    duration: '2h',
    name: 'w',
    timezone: 'UTC',
    reason: 'quiet',
  };
  const rig = aRollout().until('deploying');
  rig.fold({ kind: 'freeze-changed', freeze: freezeRules.parse({ windows: [window] }), at: rig.now });
  rig.until('frozen');
  say(rig, 'hold', 1);
  rig.fold({ kind: 'freeze-changed', freeze: noFreeze, at: rig.now });
  expect(rig.rollout.phase).toMatchObject({ name: 'paused', held: { word: 1 } });
});

test('a bad version goes back all the same', () => {
  const rig = aRollout({}, { canaryBadRate: 0.5 }).until('setting-weight');
  say(rig, 'hold', 1);
  expect(rig.until('paused').finish().rollout.phase.name).toBe('rolled-back');
});

test.each([
  ['past its last step', aRollout().until('promoting')],
  ['whose old version stops before it begins', aRollout({ strategy: 'recreate', steps: [] })],
])('one %s goes to its end', (_, rig) => {
  say(rig, 'hold', 1);
  expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
});

describe('a word that comes late or twice', () => {
  test('is not followed when a later one has been', () => {
    const rig = aRollout().until('analysing');
    say(rig, 'resume', 2);
    say(rig, 'hold', 1);
    say(rig, 'resume', 2);
    expect(rig.rollout.phase.name).toBe('analysing');
    expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
  });

  test('does not hold again what a person has let go by itself', () => {
    const rig = aRollout().until('analysing');
    say(rig, 'hold', 1);
    say(rig, 'resume');
    say(rig, 'hold', 1);
    expect(rig.rollout.phase.name).toBe('analysing');
  });

  test('still lets go what is held, though one to promote that could not be followed has come before', () => {
    const steps = [
      { kind: 'set-weight', percent: 10 },
      { kind: 'analysis', forMs: 5 * minute },
      { kind: 'approve', approval },
    ] as const;
    const rig = aRollout({ steps }).until('analysing');
    say(rig, 'hold', 1);
    say(rig, 'promote', 3);
    expect(rig.lines.at(-1)).toBe(
      'not promoted with the other clusters: step 3 is an approval, which nobody can skip',
    );
    expect(rig.rollout.phase.name).toBe('paused');
    say(rig, 'resume', 2);
    expect(rig.rollout.phase.name).toBe('analysing');
  });

  test('to promote is not followed later, when it was refused', () => {
    const rig = aRollout().until('deploying');
    say(rig, 'promote', 1);
    rig.until('analysing');
    say(rig, 'promote', 1);
    expect(rig.rollout.phase.name).toBe('analysing');
  });
});

describe('a wave that is promoted', () => {
  test('takes a cluster from a hold of all', () => {
    const rig = aRollout().until('analysing');
    say(rig, 'hold', 1);
    say(rig, 'promote', 2);
    expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
    expect(rig.decisions.slice(-2)).toMatchObject([
      { kind: 'promote', by: 'eve' },
      { kind: 'promote', by: 'judge' },
    ]);
  });

  test('leaves one alone that a person holds by itself', () => {
    const rig = aRollout().until('analysing');
    say(rig, 'hold');
    say(rig, 'promote', 1);
    goOn(rig);
    expect(isPromoted(rig)).toBe(false);
    expect(rig.lines.some((line) => line.includes('eve holds it by itself'))).toBe(true);
  });

  test('cannot take one from its way back', () => {
    const rig = aRollout({}, { canaryBadRate: 0.5 }).until('rolling-back');
    say(rig, 'promote', 1);
    expect(rig.finish().rollout.phase.name).toBe('rolled-back');
    expect(isPromoted(rig)).toBe(false);
  });
});
