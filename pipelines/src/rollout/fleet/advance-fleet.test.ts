import { expect, test } from 'vitest';
import { freezeRules, noFreeze } from '../../freeze/freeze-rules.ts';
import { FleetRig } from './fleet-rig.ts';

const delivered = { kind: 'delivered' } as const;
const returned = { kind: 'returned', reason: 'worse' } as const;
const returning = { kind: 'returning', reason: 'worse' } as const;
const blocked = { kind: 'blocked', reason: 'worse', problem: 'no answer' } as const;
const asks = { kind: 'asks', approval: true, reason: 'waits for an approval' } as const;

const begun = (rig: FleetRig): readonly string[] =>
  rig.led.map(({ cluster, round }) => (round === 0 ? cluster : `${cluster}#${round}`));

test('a wave begins when every cluster of the one before has been promoted', () => {
  const rig = new FleetRig([['a'], ['b', 'c']]);
  rig.carryAll();
  expect(begun(rig)).toEqual(['a']);
  rig.say('a', delivered);
  expect(begun(rig)).toEqual(['a', 'b', 'c']);
  rig.say('b', delivered);
  expect(rig.isOver).toBe(false);
  rig.say('c', delivered);
  expect(rig.outcome).toMatchObject({ result: 'succeeded', outputs: { version: 'r13' } });
});

test('a cluster that fails takes its wave and the promoted waves back at once', () => {
  const rig = new FleetRig([['a'], ['b', 'c'], ['d']]);
  rig.say('a', delivered);
  rig.say('b', delivered);
  rig.say('c', returning);
  expect(rig.rollout.phase.name).toBe('rolling-back');
  expect(begun(rig)).toEqual(['a', 'b', 'c', 'a#1', 'b#1']);
  rig.say('a', delivered);
  rig.say('b', delivered);
  expect(rig.isOver).toBe(false);
  rig.say('c', returned);
  expect(rig.rollout.phase.name).toBe('rolled-back');
  expect(rig.outcome).toMatchObject({
    failure: { message: 'rolled back r13: c failed: worse; every cluster has what it had before' },
  });
  expect(rig.status('d')).toBe('waiting');
});

test('with on_failure: stop the wave goes on to its end, no other begins, and the promoted clusters stay', () => {
  const rig = new FleetRig([['a'], ['b', 'c'], ['d']], { onFailure: 'stop' });
  rig.say('a', delivered);
  rig.say('b', returning);
  expect(rig.rollout.phase.name).toBe('delivering');
  rig.say('b', returned);
  expect(rig.isOver).toBe(false);
  rig.say('c', delivered);
  expect(rig.rollout.phase.name).toBe('stopped');
  expect(begun(rig)).toEqual(['a', 'b', 'c']);
  expect(rig.outcome).toMatchObject({
    failure: { message: 'stopped: b failed: worse; r13 is on a, c, it is not on b, d' },
  });
});

test('a cluster that does not answer holds its wave and says so, and goes on when it is back', () => {
  const rig = new FleetRig([['a', 'b'], ['c']]);
  rig.say('a', delivered);
  rig.say('b', { kind: 'under-way', problem: 'deploy: the API does not answer' });
  expect(rig.rollout.fleet?.clusters['b']).toMatchObject({
    status: 'delivering',
    note: 'deploy: the API does not answer',
  });
  expect(begun(rig)).toEqual(['a', 'b']);
  rig.say('b', { kind: 'under-way', problem: null });
  expect(rig.lines.at(-1)).toBe('b: goes on');
  rig.say('b', delivered);
  expect(begun(rig)).toEqual(['a', 'b', 'c']);
});

test('a cluster that is lost on its way back blocks the end until it is there again', () => {
  const rig = new FleetRig([['a'], ['b']]);
  rig.say('a', delivered);
  rig.say('b', returning);
  rig.say('b', blocked);
  rig.say('a', delivered);
  expect(rig.rollout.phase).toMatchObject({ name: 'rollback-blocked', problem: 'b: no answer' });
  rig.say('b', returned);
  expect(rig.rollout.phase.name).toBe('rolled-back');
});

test('a person may give a lost cluster up, and who has which version is said', () => {
  const rig = new FleetRig([['a'], ['b']]);
  rig.say('a', delivered);
  rig.say('b', blocked);
  rig.say('a', delivered);
  rig.send({ kind: 'give-up-requested', by: 'ann', reason: 'burnt down', at: rig.at });
  rig.carryAll();
  expect(rig.rollout.phase.name).toBe('stopped');
  expect(rig.outcome).toMatchObject({
    failure: { message: expect.stringContaining('it is not on a, b was left as it is') },
  });
});

test('what could not be put back is tried again when a person says so', () => {
  const rig = new FleetRig([['a'], ['b']]);
  rig.say('a', delivered);
  rig.say('b', returned);
  rig.say('a', { kind: 'returned', reason: 'image not found' });
  expect(rig.rollout.phase).toMatchObject({ name: 'rollback-blocked', problem: 'a: image not found' });
  rig.send({ kind: 'resume-requested', by: 'ann', reason: 'pushed it again', at: rig.at });
  rig.say('a', delivered);
  expect(begun(rig)).toEqual(['a', 'b', 'a#1', 'a#2']);
  expect(rig.rollout.phase.name).toBe('rolled-back');
});

test('a cluster that had nothing before keeps the new version, and that is said', () => {
  const rig = new FleetRig([['a'], ['b']], {}, { fresh: ['a'] });
  rig.say('a', delivered);
  rig.say('b', returned);
  expect(rig.status('a')).toBe('kept');
  expect(rig.outcome).toMatchObject({ failure: { message: expect.stringContaining('r13 is on a') } });
});

test('a cluster that was promoted while it was asked to return gets back what it had', () => {
  const rig = new FleetRig([['a', 'b']]);
  rig.carryAll();
  rig.say('a', returning);
  const [, b] = rig.led;
  if (b === undefined) throw new Error('b has not begun');
  rig.tell(b, delivered);
  expect(rig.status('b')).toBe('returning');
  rig.carryAll();
  expect(begun(rig)).toEqual(['a', 'b', 'b#1']);
});

test('clusters that were asked to return before they began never begin', () => {
  const rig = new FleetRig([['a', 'b']]);
  rig.send({ kind: 'abort-requested', by: 'ann', reason: 'not today', cancelled: true, at: 1 });
  rig.carryAll();
  expect(begun(rig)).toEqual([]);
  expect(rig.outcome).toMatchObject({ result: 'cancelled' });
});

test('a freeze holds the next wave, and its end lets it begin', () => {
  const windows = [
    { name: 'quiet', kind: 'deny', cron: '0 * * * *', duration: '30m', timezone: 'UTC', reason: 'quiet' },
  ];
  const rig = new FleetRig([['a'], ['b']], {}, { freeze: freezeRules.parse({ windows }) });
  expect(rig.rollout.phase).toMatchObject({ name: 'frozen', next: { kind: 'wave', wave: 0 } });
  rig.send({ kind: 'tick', at: 30 * 60_000 });
  rig.at = 61 * 60_000;
  rig.say('a', delivered);
  expect(rig.rollout.phase).toMatchObject({ name: 'frozen', next: { kind: 'wave', wave: 1 } });
  rig.send({ kind: 'freeze-changed', freeze: noFreeze, at: rig.at });
  rig.carryAll();
  expect(begun(rig)).toEqual(['a', 'b']);
});

test('when a whole wave waits for an approval, that is one decision that a vote can be about', () => {
  const rig = new FleetRig([['a', 'b', 'c']]);
  rig.say('a', delivered);
  rig.say('b', asks);
  const before = rig.decisions.length;
  rig.say('c', asks);
  expect(rig.decisions.slice(before)).toMatchObject([{ kind: 'hold', reason: 'b, c wait for an approval' }]);
});
