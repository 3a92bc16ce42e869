import { expect, test } from 'vitest';
import { advanceRollout } from '../rollout/advance-rollout.ts';
import { aSpec, RolloutRig, simulateTarget, type World } from '../rollout/rollout-rig.ts';
import { FleetRig } from '../rollout/fleet/fleet-rig.ts';
import { rolloutNews } from './rollout-news.ts';

/** What is told of a rollout from its beginning to its end. */
function toldOf(world: Partial<World>): readonly string[] {
  const spec = aSpec();
  const rig = new RolloutRig(spec, simulateTarget(spec, world));
  const told: string[] = [];
  rig.check = (now, before) => {
    const news = rolloutNews(before, now.rollout);
    if (news !== null) told.push(news.kind);
  };
  rig.start().finish();
  return told;
}

test('each step of a rollout is told once, and its end', () => {
  expect(toldOf({})).toEqual(['rollout-step', 'rollout-step', 'rollout-promoted']);
  expect(toldOf({ canaryBadRate: 0.2 })).toEqual(['rollout-step', 'rollout-rolled-back']);
});

test('of what needs nobody one message a step goes out, whatever happens in it', () => {
  const spec = aSpec();
  const rig = new RolloutRig(spec, simulateTarget(spec)).start().until('analysing');
  const back = { ...rig.rollout, phase: { name: 'paused', since: 0, until: null } } as const;
  const again = { ...rig.rollout, phase: { name: 'setting-weight', since: 0 } } as const;
  const held = { ...again, phase: { name: 'held', since: 0, reason: 'why', cause: 'inconclusive' } } as const;
  expect(rolloutNews(back, again)).toMatchObject({ kind: 'rollout-step', oncePerStep: true });
  expect(rolloutNews(again, held)).toMatchObject({ kind: 'rollout-held', oncePerStep: false });
  const done = { ...again, phase: { name: 'succeeded', at: 0 } } as const;
  expect(rolloutNews(again, done)).toMatchObject({ kind: 'rollout-promoted', oncePerStep: false });
});

test('a look that changes nothing tells nothing', () => {
  const spec = aSpec();
  const rig = new RolloutRig(spec, simulateTarget(spec)).start().until('analysing');
  const { rollout } = advanceRollout(rig.rollout, { kind: 'tick', at: rig.now });
  expect(rolloutNews(rig.rollout, rollout)).toBeNull();
});

test('that all clusters are held is told once, and not again before the wave that waits', () => {
  const rig = new FleetRig([['a'], ['b']]);
  const told: (string | undefined)[] = [];
  rig.check = (now, before) => {
    const news = rolloutNews(before, now);
    if (news !== null) told.push(`${news.kind} ${news.reason}`);
  };
  rig.carryAll();
  rig.person('hold');
  rig.say('a', { kind: 'delivered' });
  expect(rig.rollout.phase.name).toBe('paused');
  expect(told).toEqual(['rollout-held eve: the night shift is small']);
  rig.person('resume');
  rig.person('hold', 'ada', 'once more');
  expect(told.at(-1)).toBe('rollout-held ada: once more');
});

test('an approval is wanted once for a wave: when all of its clusters that go on wait for it', () => {
  const rig = new FleetRig([['a', 'b']]);
  const asks = { kind: 'asks', approval: true, reason: 'waits for an approval' } as const;
  const told = ['a', 'b'].map((cluster) => {
    const before = rig.rollout;
    rig.say(cluster, asks);
    return rolloutNews(before, rig.rollout);
  });
  expect(told).toMatchObject([null, { kind: 'approval-wanted', reason: 'clusters a, b' }]);
});
