import { FleetRig } from '@sluice/pipelines/rollout/fleet/fleet-rig';
import { aRollout, type RolloutRig } from '@sluice/pipelines/rollout/rollout-rig';
import { expect, test } from 'vitest';
import { headState, holdOf } from './rollout-hold.ts';

const why = { by: 'eve', reason: 'the night shift is small' };

const hold = (rig: RolloutRig, word?: number): void =>
  rig.fold({ kind: 'hold-requested', ...why, at: rig.now, ...(word === undefined ? {} : { word }) });

test('who holds a rollout is named from the moment they have said so', () => {
  const rig = aRollout().until('deploying');
  expect(holdOf(rig.rollout)).toBeNull();
  hold(rig);
  expect(holdOf(rig.rollout)).toMatchObject({ ...why, isOfAll: false });
  expect(holdOf(rig.until('paused').rollout)).toMatchObject({ ...why, isOfAll: false });
});

test('a cluster that is held with all others says so, unless it is past that', () => {
  const rig = aRollout().until('deploying');
  hold(rig, 1);
  expect(holdOf(rig.rollout)).toMatchObject({ ...why, isOfAll: true });
  expect(holdOf(rig.until('paused').rollout)).toMatchObject({ ...why, isOfAll: true });
  rig.fold({ kind: 'abort-requested', by: 'ada', reason: 'no', cancelled: false, at: rig.now });
  expect(holdOf(rig.rollout)).toBeNull();
});

test('several clusters that are held look so while their wave goes on, and before the next one', () => {
  const rig = new FleetRig([['a'], ['b']]);
  rig.carryAll();
  expect(headState(rig.rollout)).toBe('running');
  rig.person('hold');
  expect(headState(rig.rollout)).toBe('held');
  rig.say('a', { kind: 'delivered' });
  expect(headState(rig.rollout)).toBe('held');
  expect(holdOf(rig.rollout)).toMatchObject({ ...why, isOfAll: false });
});
