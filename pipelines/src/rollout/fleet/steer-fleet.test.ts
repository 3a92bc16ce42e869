// What people say of all clusters at once, as the rollout that leads them hears it.
import { describe, expect, test } from 'vitest';
import { freezeRules, noFreeze, type FreezeRules } from '../../freeze/freeze-rules.ts';
import { replayRollout } from '../replay.ts';
import { whyNotHeld, whyNotPromoted, whyNotResumed } from '../steering.ts';
import { FleetRig, isOpen } from './fleet-rig.ts';
import { saidBefore } from './steer-fleet.ts';

const delivered = { kind: 'delivered' } as const;
const returned = { kind: 'returned', reason: 'worse' } as const;
const returning = { kind: 'returning', reason: 'worse' } as const;

const begun = (rig: FleetRig): readonly string[] =>
  rig.led.map(({ cluster, round }) => (round === 0 ? cluster : `${cluster}#${round}`));
const held = (rig: FleetRig): readonly string[] =>
  rig.led.filter((led) => isOpen(led) && led.held !== null).map(({ cluster }) => cluster);

/** Says it, and has everybody hear it. */
function say(rig: FleetRig, wish: 'hold' | 'resume' | 'promote'): void {
  rig.person(wish);
  rig.carryAll();
}

/** All of `a, b | c`, with both of the first wave under way. */
function aFleet(
  ...options: ConstructorParameters<typeof FleetRig> extends [unknown, ...infer Rest] ? Rest : []
) {
  const rig = new FleetRig([['a', 'b'], ['c']], ...options);
  rig.carryAll();
  return rig;
}

describe('a person who holds all clusters', () => {
  test('holds those that are under way, and a wave that completes meanwhile is the last one until they resume', () => {
    const rig = aFleet();
    say(rig, 'hold');
    expect(held(rig)).toEqual(['a', 'b']);
    expect(rig.rollout.fleet?.clusters['a']?.note).toBe(
      'held with all clusters by eve: the night shift is small',
    );
    // They were past the last step when they heard of it.
    rig.say('a', delivered);
    rig.say('b', delivered);
    expect(rig.rollout.phase).toMatchObject({
      name: 'paused',
      held: { by: 'eve', next: { kind: 'wave', wave: 1 } },
    });
    expect(begun(rig)).toEqual(['a', 'b']);
    say(rig, 'resume');
    expect(begun(rig)).toEqual(['a', 'b', 'c']);
    expect(held(rig)).toEqual([]);
    rig.say('c', delivered);
    expect(rig.outcome).toMatchObject({ result: 'succeeded' });
    expect(rig.rollout.fleet?.held).toBeUndefined();
    expect(rig.decisions.map(({ kind, by }) => [kind, by])).toEqual([
      ['continue', 'judge'],
      ['hold', 'eve'],
      ['resume', 'eve'],
      ['continue', 'judge'],
      ['promote', 'judge'],
    ]);
    const replay = replayRollout(rig.rollout.spec, rig.events, 0);
    expect(replay.decisions).toEqual(rig.decisions);
  });

  test('who resumes lets go what this hold has held, and no cluster that somebody holds by itself', () => {
    const rig = aFleet();
    const [a] = rig.led;
    if (a === undefined) throw new Error('a has not begun');
    rig.holdAlone(a);
    say(rig, 'hold');
    say(rig, 'resume');
    expect(rig.led.map((led) => led.held)).toEqual(['alone', null]);
    rig.say('b', delivered);
    expect(begun(rig)).toEqual(['a', 'b']);
  });

  test('holds a cluster too that begins when they have said so', () => {
    const rig = new FleetRig([['a', 'b']]);
    rig.carry();
    rig.person('hold');
    rig.carryAll();
    expect(begun(rig)).toEqual(['a', 'b']);
    expect(held(rig)).toEqual(['a', 'b']);
  });

  test('and resumes before a cluster has begun means it no more, however late the word comes', () => {
    const rig = new FleetRig([['a']]);
    rig.person('hold');
    rig.person('resume');
    const [start, hold, resume] = rig.outbox;
    expect([start?.kind, hold?.kind, resume?.kind]).toEqual([
      'start-cluster',
      'steer-cluster',
      'steer-cluster',
    ]);
    rig.carry(2);
    rig.carryAll();
    expect(saidBefore(rig.rollout, 0)).toMatchObject([{ kind: 'resume-requested', word: 2 }]);
    expect(held(rig)).toEqual([]);
  });

  test('does not keep what goes back: a cluster that fails takes all others back at once', () => {
    const rig = new FleetRig([['a'], ['b', 'c'], ['d']]);
    rig.say('a', delivered);
    say(rig, 'hold');
    rig.say('c', returning);
    expect(rig.rollout.phase.name).toBe('rolling-back');
    expect(rig.rollout.fleet?.held).toBeUndefined();
    expect(begun(rig)).toEqual(['a', 'b', 'c', 'a#1']);
    expect(rig.led.find(({ cluster }) => cluster === 'b')?.news.kind).toBe('returning');
    rig.say('a', delivered);
    rig.say('b', returned);
    rig.say('c', returned);
    expect(rig.rollout.phase.name).toBe('rolled-back');
  });

  test('with on_failure: stop the others stay held, and it ends when they have gone on', () => {
    const rig = aFleet({ onFailure: 'stop' });
    say(rig, 'hold');
    rig.say('a', returned);
    expect(rig.rollout).toMatchObject({ phase: { name: 'delivering' }, fleet: { held: { by: 'eve' } } });
    expect(held(rig)).toContain('b');
    say(rig, 'resume');
    rig.say('b', delivered);
    expect(rig.rollout.phase.name).toBe('stopped');
    expect(begun(rig)).toEqual(['a', 'b']);
  });

  test('with on_failure: stop a wave that ends while it is held ends the rollout, and nobody holds it any more', () => {
    const rig = aFleet({ onFailure: 'stop' });
    say(rig, 'hold');
    rig.say('a', returned);
    rig.say('b', delivered);
    expect(rig.rollout.phase.name).toBe('stopped');
    expect(rig.rollout.fleet?.held).toBeUndefined();
  });

  test('holds the last wave no longer than it lasts', () => {
    const rig = new FleetRig([['a']]);
    rig.carryAll();
    say(rig, 'hold');
    rig.say('a', delivered);
    expect(rig.outcome).toMatchObject({ result: 'succeeded' });
    expect(rig.rollout.fleet?.held).toBeUndefined();
  });

  test('holds it on through a freeze: its end begins no wave, and who resumes in one waits for its end', () => {
    const windows = [
      { name: 'quiet', kind: 'deny', cron: '* * * * *', duration: '2h', timezone: 'UTC', reason: 'quiet' },
    ];
    const quiet: FreezeRules = freezeRules.parse({ windows });
    const rig = aFleet();
    say(rig, 'hold');
    rig.send({ kind: 'freeze-changed', freeze: quiet, at: rig.at });
    rig.say('a', delivered);
    rig.say('b', delivered);
    expect(rig.rollout.phase.name).toBe('paused');
    say(rig, 'resume');
    expect(rig.rollout.phase).toMatchObject({ name: 'frozen', next: { wave: 1 } });
    say(rig, 'hold');
    expect(whyNotResumed(rig.rollout)).toBeNull();
    rig.send({ kind: 'freeze-changed', freeze: noFreeze, at: rig.at });
    rig.carryAll();
    expect(rig.rollout.phase.name).toBe('paused');
    expect(begun(rig)).toEqual(['a', 'b']);
    say(rig, 'resume');
    expect(begun(rig)).toEqual(['a', 'b', 'c']);
  });

  test('may resume in a freeze without ending it', () => {
    const windows = [
      { name: 'quiet', kind: 'deny', cron: '* * * * *', duration: '2h', timezone: 'UTC', reason: 'quiet' },
    ];
    const rig = new FleetRig([['a'], ['b']], {}, { freeze: freezeRules.parse({ windows }) });
    expect(whyNotResumed(rig.rollout)).toContain('a freeze holds the rollout (quiet)');
    say(rig, 'hold');
    say(rig, 'resume');
    expect(rig.rollout.phase.name).toBe('frozen');
    expect(rig.rollout.fleet?.held).toBeUndefined();
  });

  test.each(['delivering', 'paused'] as const)('may abort it where it is %s', (phase) => {
    const rig = aFleet();
    say(rig, 'hold');
    if (phase === 'paused') for (const name of ['a', 'b']) rig.say(name, delivered);
    expect(rig.rollout.phase.name).toBe(phase);
    rig.send({ kind: 'abort-requested', by: 'ann', reason: 'not today', cancelled: true, at: rig.at });
    rig.carryAll();
    expect(rig.rollout.phase.name).toBe('rolling-back');
    expect(rig.rollout.fleet?.held).toBeUndefined();
    for (const name of ['a', 'b']) rig.say(name, phase === 'paused' ? delivered : returned);
    expect(rig.outcome).toMatchObject({ result: 'cancelled' });
  });

  test('cannot hold it twice, and is told who holds it', () => {
    const rig = aFleet();
    say(rig, 'hold');
    const before = rig.rollout;
    expect(whyNotHeld(before)).toBe('eve holds it already: the night shift is small');
    rig.person('hold', 'ada', 'me too');
    expect(rig.rollout).toEqual(before);
  });

  test('cannot hold clusters whose old version stops first, but the wave after them', () => {
    const rig = aFleet({ strategy: 'recreate', steps: [] });
    expect(whyNotHeld(rig.rollout)).toBeNull();
    rig.say('a', delivered);
    rig.say('b', delivered);
    const before = rig.rollout;
    expect(whyNotHeld(before)).toMatch(/no other wave is to come/);
    rig.person('hold');
    expect(rig.rollout).toEqual(before);
  });

  test('cannot hold what goes back, nor resume what nobody holds', () => {
    const rig = aFleet();
    expect(whyNotResumed(rig.rollout)).toMatch(/is delivering: nobody holds it/);
    rig.say('a', returning);
    expect(whyNotHeld(rig.rollout)).toMatch(/too late: the rollout is rolling-back/);
    const before = rig.rollout;
    say(rig, 'hold');
    say(rig, 'resume');
    expect(rig.rollout).toEqual(before);
  });
});

describe('a person who promotes a wave', () => {
  test('promotes what is under way, and later waves keep their own steps', () => {
    const rig = aFleet();
    rig.person('promote', 'eve', 'a fix that cannot wait');
    expect(rig.outbox).toMatchObject([
      { kind: 'steer-cluster', wish: 'promote', cluster: 'a' },
      { kind: 'steer-cluster', wish: 'promote', cluster: 'b' },
    ]);
    expect(rig.decisions.at(-1)).toMatchObject({
      kind: 'promote',
      by: 'eve',
      reason: 'a fix that cannot wait',
    });
    rig.say('a', delivered);
    rig.say('b', delivered);
    expect(begun(rig)).toEqual(['a', 'b', 'c']);
    expect(rig.outbox).toEqual([]);
    expect(rig.carried.filter(({ cluster }) => cluster === 'c')).toMatchObject([{ kind: 'start-cluster' }]);
  });

  test('has a held wave go to its end, and the next one stays held', () => {
    const rig = aFleet();
    say(rig, 'hold');
    say(rig, 'promote');
    expect(held(rig)).toEqual([]);
    rig.say('a', delivered);
    rig.say('b', delivered);
    expect(rig.rollout.phase.name).toBe('paused');
    expect(begun(rig)).toEqual(['a', 'b']);
  });

  test('is told why not, where nothing is under way, and where no cluster can be', () => {
    const rig = aFleet();
    const led = (phase: 'deploying' | 'analysing', cluster = 'a', step = 0) => {
      const at = phase === 'deploying' ? { name: phase, since: 0 } : { name: phase, since: 0, until: 1 };
      return { cluster, phase: at, step } as const;
    };
    expect(whyNotPromoted(rig.rollout, [led('deploying')])).toBe(
      'no cluster can be promoted now: a: the rollout is deploying: one that is analysing, paused or held can be promoted',
    );
    expect(whyNotPromoted(rig.rollout, [led('deploying'), led('analysing', 'b')])).toBeNull();
    const tried = new FleetRig([['a']], { afterwards: 'end' });
    expect(whyNotPromoted(tried.rollout, [led('analysing')])).toMatch(/only tried here/);
    say(rig, 'hold');
    for (const name of ['a', 'b']) rig.say(name, delivered);
    expect(whyNotPromoted(rig.rollout, [])).toMatch(/the rollout is paused/);
    const before = rig.rollout;
    say(rig, 'promote');
    expect(rig.rollout).toEqual(before);
  });

  test('does not promote a cluster that somebody holds by itself', () => {
    const rig = aFleet();
    const held = { by: 'ann', reason: 'strange logs', next: { kind: 'step', step: 1 } } as const;
    const phase = { name: 'paused', since: 0, until: null, held } as const;
    expect(whyNotPromoted(rig.rollout, [{ cluster: 'a', phase, step: 1 }])).toContain(
      'a: ann holds it by itself: strange logs',
    );
    const withAll = { ...phase, held: { ...held, word: 1 } };
    expect(whyNotPromoted(rig.rollout, [{ cluster: 'a', phase: withAll, step: 1 }])).toBeNull();
  });
});
