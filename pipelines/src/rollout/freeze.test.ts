// A rollout begins at 00:00 UTC; the windows of these tests are on its first day.
import { describe, expect, test } from 'vitest';
import type { DeployWork } from '../language/definition.ts';
import { freezeRules, noFreeze, type FreezeRules, type FreezeRulesText } from '../freeze/freeze-rules.ts';
import { replayRollout } from './replay.ts';
import { aRollout, type RolloutRig } from './rollout-rig.ts';

const minute = 60_000;
const hour = 60 * minute;

const denied = (cron: string, duration: string, more: Partial<FreezeRulesText> = {}): FreezeRules =>
  freezeRules.parse({
    windows: [{ name: 'night', kind: 'deny', cron, duration, timezone: 'UTC', reason: 'nobody is awake' }],
    ...more,
  });

const fromTheStart = denied('0 0 * * *', '8h');
/** Opens while the rollout is paused at 10 %. */
const soon = denied('1 0 * * *', '3h');
const work = {
  steps: [
    { kind: 'set-weight', percent: 10 },
    { kind: 'pause', forMs: 2 * minute },
    { kind: 'set-weight', percent: 50 },
    { kind: 'analysis', forMs: 5 * minute },
  ],
} satisfies Partial<DeployWork>;
const kindsOf = ({ actions }: RolloutRig) =>
  actions.map(({ kind }) => kind).filter((kind) => kind !== 'observe');
const decisionsOf = ({ decisions }: RolloutRig) => decisions.map(({ kind }) => kind);

describe('a rollout that would begin in a freeze', () => {
  test('waits, says why and until when, and begins by itself when the window closes', () => {
    const rig = aRollout({}, {}, fromTheStart);
    expect(rig.rollout.phase).toMatchObject({
      name: 'frozen',
      until: 8 * hour,
      window: 'night',
      next: { kind: 'start' },
    });
    expect(rig.lines.at(-1)).toBe(
      'production is frozen until 1970-01-01 08:00 (UTC) by the window "night": nobody is awake; waiting before anything is deployed, for 8 hours',
    );
    expect(rig.actions).toEqual([]);
    rig.until('deploying');
    expect(rig.now).toBeGreaterThanOrEqual(8 * hour);
    expect(rig.finish().rollout.phase.name).toBe('succeeded');
    expect(decisionsOf(rig).slice(0, 2)).toEqual(['freeze', 'thaw']);
  });

  test('is refused where the rules say so', () => {
    const rig = aRollout({}, {}, denied('0 0 * * *', '8h', { starts: 'refuse' }));
    expect(rig.rollout.phase).toMatchObject({ name: 'refused' });
    expect(rig.outcome).toMatchObject({
      failure: { message: expect.stringContaining('nothing was deployed: production is frozen until') },
    });
    expect(rig.actions).toEqual([]);
  });

  test('ends when somebody gives it up', () => {
    const rig = aRollout({}, {}, fromTheStart);
    rig.fold({ kind: 'abort-requested', by: 'bob', reason: 'too late', cancelled: false, at: minute });
    expect(rig.rollout.phase.name).toBe('refused');
    expect(rig.actions).toEqual([]);
  });
});

describe('a window that opens in the middle of a rollout', () => {
  test('holds it before the next rise, and it goes on by itself, with its whole deadline', () => {
    const rig = aRollout({ ...work, deadlineMs: 30 * minute }, {}, soon).until('frozen');
    expect(rig.rollout.phase).toMatchObject({ next: { kind: 'step', step: 2 }, until: 3 * hour + minute });
    expect(rig.rollout.weightPercent).toBe(10);
    rig.until('setting-weight');
    expect(rig.now).toBeGreaterThanOrEqual(3 * hour + minute);
    expect(rig.finish().rollout.phase.name).toBe('succeeded');
    expect(decisionsOf(rig)).toEqual(['freeze', 'thaw', 'continue', 'promote']);
    expect(replayRollout(rig.rollout.spec, rig.events, 0).decisions).toEqual(rig.decisions);
  });

  test('holds a promotion', () => {
    const rig = aRollout({ strategy: 'rolling', steps: [] }, { startMs: 5 * minute }, soon).until('frozen');
    expect(rig.rollout.phase).toMatchObject({ next: { kind: 'promotion' } });
    expect(kindsOf(rig)).toEqual(['inspect', 'deploy']);
    expect(rig.finish().rollout.phase.name).toBe('succeeded');
  });

  test('does not keep a bad canary from being rolled back', () => {
    const rig = aRollout(work, {}, soon).until('frozen');
    rig.step();
    const { facts, pending } = rig.rollout;
    if (facts === null || pending === null) throw new Error('nothing is observed');
    const at = rig.now + 1;
    const reading = (bad: number, total: number) => ({ bad: { pod: bad }, total: { pod: total } });
    const errors = { kind: 'read', stable: reading(0, 90_000), canary: reading(9_000, 10_000) } as const;
    const observation = { at, metrics: { errors }, latency: { stable: null, canary: null } };
    const result = { result: 'done', facts, observation } as const;
    rig.fold({ kind: 'action-finished', action: pending.action, result, at });
    expect(rig.rollout.phase.name).toBe('rolling-back');
  });

  test('does not keep a person from rolling back', () => {
    const rig = aRollout(work, {}, soon).until('frozen');
    rig.fold({ kind: 'abort-requested', by: 'bob', reason: 'enough', cancelled: false, at: rig.now });
    expect(rig.finish().rollout.phase.name).toBe('rolled-back');
    expect(rig.now).toBeLessThan(hour);
  });

  test('holds what a person resumes or approves', () => {
    const rig = aRollout(
      {
        steps: [
          { kind: 'pause', forMs: null },
          { kind: 'set-weight', percent: 20 },
        ],
      },
      {},
      soon,
    );
    rig.until('paused');
    while (rig.now < 2 * minute) rig.step();
    rig.fold({ kind: 'resume-requested', by: 'bob', reason: 'go', at: rig.now });
    expect(rig.rollout.phase).toMatchObject({ name: 'frozen', next: { kind: 'step', step: 1 } });
    rig.fold({ kind: 'resume-requested', by: 'bob', reason: 'go!', at: rig.now + 1 });
    expect(rig.rollout.phase.name).toBe('frozen');
  });

  test('lets what has all the traffic end as planned', () => {
    const rig = aRollout({ steps: [], bakeMs: 10 * minute }, {}, soon);
    expect(rig.finish().rollout.phase.name).toBe('succeeded');
    expect(rig.now).toBeLessThan(hour);
  });
});

describe('a broken glass', () => {
  test('lets one rollout go on at once, through later windows too, under a name and a reason', () => {
    const rig = aRollout({}, {}, fromTheStart);
    rig.fold({ kind: 'glass-broken', by: 'eve', reason: 'security fix', at: minute });
    expect(rig.rollout.phase.name).toBe('inspecting');
    expect(rig.decisions.at(-1)).toMatchObject({ kind: 'break-glass', by: 'eve', reason: 'security fix' });
    expect(rig.finish().rollout.phase.name).toBe('succeeded');
    expect(rig.now).toBeLessThan(hour);
  });

  test('changes nothing while nothing is frozen', () => {
    const rig = aRollout({}, {}, soon);
    const before = rig.rollout;
    rig.fold({ kind: 'glass-broken', by: 'eve', reason: 'just in case', at: 0 });
    expect(rig.rollout).toBe(before);
  });
});

describe('windows that are changed', () => {
  test('let a frozen rollout go on at once when they are removed', () => {
    const rig = aRollout({}, {}, fromTheStart);
    rig.fold({ kind: 'freeze-changed', freeze: noFreeze, at: minute });
    expect(rig.rollout.phase.name).toBe('inspecting');
  });

  test('hold one that is under way', () => {
    const rig = aRollout().until('analysing');
    rig.fold({ kind: 'freeze-changed', freeze: fromTheStart, at: rig.now });
    expect(rig.until('frozen').rollout.weightPercent).toBe(10);
  });

  test('move the end of a freeze', () => {
    const rig = aRollout({}, {}, fromTheStart);
    rig.fold({ kind: 'freeze-changed', freeze: denied('0 0 * * *', '2h'), at: minute });
    expect(rig.rollout.phase).toMatchObject({ name: 'frozen', until: 2 * hour });
    rig.until('inspecting');
    expect(rig.now).toBeLessThan(3 * hour);
  });
});
