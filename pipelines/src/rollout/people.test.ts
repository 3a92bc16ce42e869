import { describe, expect, test } from 'vitest';
import { freezeRules } from '../freeze/freeze-rules.ts';
import { replayRollout } from './replay.ts';
import { aRollout, type RolloutRig } from './rollout-rig.ts';
import { whyNotGivenUp, whyNotHeld, whyNotPromoted, whyNotResumed } from './steering.ts';

const minute = 60_000;
const approval = { by: [], count: 1, withinMs: 30 * minute, notAuthor: true };

const hold = (rig: RolloutRig): void =>
  rig.fold({ kind: 'hold-requested', by: 'eve', reason: 'the night shift is small', at: rig.now });
const resume = (rig: RolloutRig): void =>
  rig.fold({ kind: 'resume-requested', by: 'ada', reason: 'all are here', at: rig.now + 1 });
const promote = (rig: RolloutRig): void =>
  rig.fold({ kind: 'promote-requested', by: 'eve', reason: 'a fix that cannot wait', at: rig.now });

/** Lets what is under way go on for so many looks. */
function goOn(rig: RolloutRig, steps: number): void {
  for (let step = 0; step < steps && !rig.isOver; step += 1) rig.step();
}

describe('a person who holds a rollout', () => {
  test('keeps its weight where it is, while it is watched, until somebody resumes', () => {
    const rig = aRollout().until('analysing');
    const { step, weightPercent } = rig.rollout;
    hold(rig);
    goOn(rig, 40);
    expect(rig.rollout).toMatchObject({
      phase: { name: 'paused', held: { by: 'eve' } },
      step,
      weightPercent,
    });
    expect(rig.actions.slice(-5).every(({ kind }) => kind === 'observe')).toBe(true);
    expect(rig.decisions.at(-1)).toMatchObject({
      kind: 'hold',
      by: 'eve',
      reason: 'the night shift is small',
    });
    resume(rig);
    expect(rig.rollout).toMatchObject({ phase: { name: 'analysing' }, step });
    expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
    const replay = replayRollout(rig.rollout.spec, rig.events, 0);
    expect(JSON.stringify(replay.decisions)).toBe(JSON.stringify(rig.decisions));
  });

  test('is heard before the new version has any traffic, when it is still being deployed', () => {
    const rig = aRollout().until('deploying');
    hold(rig);
    expect(rig.rollout.phase.name).toBe('deploying');
    rig.until('paused');
    goOn(rig, 10);
    expect(rig.rollout).toMatchObject({ phase: { name: 'paused', held: { next: { step: 0 } } } });
    expect(rig.actions.some(({ kind }) => kind === 'set-weight')).toBe(false);
    expect(rig.rollout.wish).toBeUndefined();
    resume(rig);
    expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
  });

  test('is heard before a promotion without steps', () => {
    const rig = aRollout({ strategy: 'rolling', steps: [] }).until('deploying');
    hold(rig);
    rig.until('paused');
    goOn(rig, 10);
    expect(rig.actions.some(({ kind }) => kind === 'promote')).toBe(false);
    resume(rig);
    expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
  });

  test('makes a pause last, and then the step after it comes', () => {
    const pause = { kind: 'pause', forMs: minute } as const;
    const rig = aRollout({ steps: [{ kind: 'set-weight', percent: 10 }, pause] }).until('paused');
    hold(rig);
    goOn(rig, 40);
    expect(rig.rollout.phase).toMatchObject({ name: 'paused', until: null, held: { next: { step: 2 } } });
    resume(rig);
    expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
  });

  test('does not keep a bad version', () => {
    const rig = aRollout({}, { canaryBadRate: 0.5 }).until('setting-weight');
    hold(rig);
    expect(rig.until('paused').finish().rollout.phase.name).toBe('rolled-back');
    expect(rig.actions.at(-1)?.kind).toBe('roll-back');
  });

  test('holds it no longer than its deadline', () => {
    const rig = aRollout().until('analysing');
    hold(rig);
    expect(rig.finish().outcome).toMatchObject({
      failure: { message: expect.stringContaining('not finished within its deadline') },
    });
  });

  test.each([
    [
      'when a person is waited for already',
      aRollout({ steps: [{ kind: 'approve', approval }] }).until('awaiting-approval'),
    ],
    ['when it is too late', aRollout().until('promoting')],
    ['when the old version has stopped', aRollout({ strategy: 'recreate', steps: [] }).until('deploying')],
  ])('is told why it cannot be %s', (_, rig) => {
    const before = rig.rollout;
    expect(whyNotHeld(before)).toMatch(/waits for a person|too late|has to stop/);
    hold(rig);
    expect(rig.rollout).toBe(before);
  });
});

describe('a person who promotes a rollout early', () => {
  test('takes the steps that are left upon them, by name', () => {
    const rig = aRollout().until('analysing');
    promote(rig);
    expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
    const changes = rig.actions.filter(({ kind }) => kind !== 'observe');
    expect(changes.slice(-3)).toEqual([
      { kind: 'set-weight', percent: 10 },
      { kind: 'promote' },
      { kind: 'retire-old' },
    ]);
    expect(rig.decisions.slice(-2)).toMatchObject([
      { kind: 'promote', by: 'eve', reason: 'a fix that cannot wait' },
      { kind: 'promote', by: 'judge', reason: 'eve: a fix that cannot wait' },
    ]);
  });

  test('may do so from a hold', () => {
    const rig = aRollout().until('analysing');
    hold(rig);
    goOn(rig, 3);
    promote(rig);
    expect(rig.finish().outcome).toMatchObject({ result: 'succeeded' });
  });

  test('does not get it through a freeze', () => {
    const rig = aRollout().until('analysing');
    const window = {
      kind: 'allow',
      cron: '0 0 1 7 *',
      duration: '1m',
      name: 'never',
      timezone: 'UTC',
      reason: 'quiet',
    };
    rig.fold({ kind: 'freeze-changed', freeze: freezeRules.parse({ windows: [window] }), at: rig.now });
    promote(rig);
    expect(rig.rollout.phase).toMatchObject({ name: 'frozen', next: { kind: 'promotion' } });
  });

  test('cannot skip an approval that is still to come', () => {
    const steps = [
      { kind: 'set-weight', percent: 10 },
      { kind: 'analysis', forMs: 5 * minute },
      { kind: 'approve', approval },
    ] as const;
    const rig = aRollout({ steps }).until('analysing');
    const before = rig.rollout;
    expect(whyNotPromoted(before)).toBe('step 3 is an approval, which nobody can skip');
    promote(rig);
    expect(rig.rollout).toBe(before);
  });

  test.each([
    ['is only tried', aRollout({ strategy: 'shadow', afterwards: 'end' }).until('analysing')],
    ['is still being deployed', aRollout().until('deploying')],
    ['goes back', aRollout({}, { canaryBadRate: 0.5 }).until('rolling-back')],
  ])('is told why not, where the version %s', (_, rig) => {
    const before = rig.rollout;
    expect(whyNotPromoted(before)).toMatch(/only tried here|can be promoted/);
    promote(rig);
    expect(rig.rollout).toBe(before);
  });
});

describe('a person who resumes a rollout, or gives it up', () => {
  test('may do so where it waits for a person', () => {
    const rig = aRollout().until('analysing');
    hold(rig);
    expect(whyNotResumed(rig.rollout)).toBeNull();
  });

  test('is told that a freeze ends by itself', () => {
    const window = {
      kind: 'deny',
      cron: '* * * * *',
      duration: '2h',
      name: 'w',
      timezone: 'UTC',
      reason: 'quiet',
    };
    const { rollout } = aRollout({}, {}, freezeRules.parse({ windows: [window] }));
    expect(whyNotResumed(rollout)).toBe(
      'a freeze holds the rollout (quiet): it goes on by itself, or when somebody breaks the glass',
    );
  });

  test('is told that nobody holds it', () => {
    const rig = aRollout().until('analysing');
    const before = rig.rollout;
    expect(whyNotResumed(before)).toMatch(/is analysing: nobody holds it/);
    resume(rig);
    expect(rig.rollout).toBe(before);
  });

  test('can give up only what is blocked', () => {
    expect(whyNotGivenUp(aRollout().until('analysing').rollout)).toMatch(
      /is analysing: only a roll-back that/,
    );
    let isGone = false;
    const rig = aRollout(
      {},
      { fails: () => (isGone ? { reason: 'target-gone', retryable: false } : null) },
    ).until('analysing');
    isGone = true;
    rig.fold({ kind: 'abort-requested', by: 'ada', reason: 'no', cancelled: false, at: rig.now });
    expect(whyNotGivenUp(rig.until('rollback-blocked').rollout)).toBeNull();
  });
});
