import type { RolloutView } from '@sluice/pipelines/protocol/api';
import { FleetRig } from '@sluice/pipelines/rollout/fleet/fleet-rig';
import { aRollout } from '@sluice/pipelines/rollout/rollout-rig';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import { expect, test } from 'vitest';
import { actionsIn } from './rollout-actions.ts';

const alone = (rollout: Rollout): readonly string[] => actionsIn({ rollout });

/** `promotable`: those of which the server says so. */
function ofFleet({ rollout }: FleetRig, ...promotable: readonly string[]): readonly string[] {
  const clusters: RolloutView['clusters'] = Object.entries(rollout.fleet?.clusters ?? {}).map(
    ([name, { status, note, since }]) => ({
      name,
      wave: 1,
      status,
      note,
      since,
      rolloutId: null,
      phase: null,
      ...(promotable.includes(name) ? { canPromote: true } : {}),
    }),
  );
  return actionsIn({ rollout, clusters });
}

test('a rollout in one place is held, resumed and promoted where it may be', () => {
  const rig = aRollout();
  expect(alone(rig.rollout)).toEqual(['hold', 'abort']);
  expect(alone(rig.until('analysing').rollout)).toEqual(['hold', 'promote', 'abort']);
  rig.fold({ kind: 'hold-requested', by: 'eve', reason: 'why', at: rig.now });
  expect(alone(rig.rollout)).toEqual(['resume', 'promote', 'abort']);
  expect(alone(rig.finish().rollout)).toEqual([]);
});

test('several clusters are held and promoted as one, and resumed by whoever wants them to go on', () => {
  const rig = new FleetRig([['a'], ['b']]);
  rig.carryAll();
  expect(ofFleet(rig)).toEqual(['hold', 'abort']);
  expect(ofFleet(rig, 'a')).toEqual(['hold', 'promote', 'abort']);
  rig.person('hold');
  expect(ofFleet(rig, 'a')).toEqual(['resume', 'promote', 'abort']);
  rig.say('a', { kind: 'delivered' });
  expect(ofFleet(rig)).toEqual(['resume', 'abort']);
  rig.person('resume');
  rig.say('b', { kind: 'asks', approval: true, reason: 'waits' });
  expect(ofFleet(rig)).toEqual(['approve', 'reject', 'hold', 'abort']);
  rig.say('b', { kind: 'returning', reason: 'worse' });
  expect(ofFleet(rig)).toEqual([]);
});

test('what could not be put back can be tried again, and what is blocked alone only given up', () => {
  const rig = new FleetRig([['a'], ['b']]);
  rig.say('a', { kind: 'delivered' });
  rig.say('b', { kind: 'returned', reason: 'worse' });
  rig.say('a', { kind: 'blocked', reason: 'worse', problem: 'no answer' });
  expect(ofFleet(rig)).toEqual(['give-up']);
  rig.say('a', { kind: 'returned', reason: 'image not found' });
  expect(ofFleet(rig)).toEqual(['resume', 'give-up']);
});
