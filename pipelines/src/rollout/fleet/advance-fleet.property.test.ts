// Whatever the clusters and the people do, and in whatever order it becomes known, these hold.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freezeRules, noFreeze } from '../../freeze/freeze-rules.ts';
import { replayRollout } from '../replay.ts';
import type { Rollout, RolloutEvent } from '../rollout-state.ts';
import { FleetRig, goesBack, isOpen, type LedRollout } from './fleet-rig.ts';
import type { ClusterNews, ClusterStatus } from './fleet-state.ts';

const story = fc.record({
  waves: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  onFailure: fc.constantFrom('roll-back' as const, 'stop' as const),
  fresh: fc.array(fc.nat(12), { maxLength: 3 }),
  rolls: fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
    minLength: 80,
    maxLength: 80,
  }),
  trouble: fc.constantFrom(0, 0.05, 0.2),
  people: fc.array(
    fc.record({
      after: fc.nat(40),
      what: fc.constantFrom(
        ...(['hold', 'hold', 'resume', 'promote', 'hold-one', 'resume-one'] as const),
        ...(['past-one', 'past-one', 'again', 'freeze', 'thaw'] as const),
      ),
      which: fc.nat(20),
    }),
    { maxLength: 20 },
  ),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

function tell({ waves, onFailure, fresh, rolls, trouble, people }: Story): FleetRig {
  let next = 0;
  const names = waves.map((size) => Array.from({ length: size }, () => `c${next++}`));
  const rig = new FleetRig(names, { onFailure }, { fresh: fresh.map((index) => `c${index}`) });
  rig.check = (now, before, event) => {
    expectNoWaveWhileHeld(now, before);
    expectHoldEndsByWord(now, before, event);
  };
  for (const [index, roll] of rolls.entries()) {
    if (rig.isOver) break;
    for (const person of people) if (person.after === index) act(rig, person);
    const other = rolls[(index + 7) % rolls.length] ?? 0;
    const open = rig.led.filter(isOpen);
    const doesCarry = rig.outbox.length > 0 && (roll < 0.5 || open.length === 0);
    if (roll > 1 - trouble / 5) {
      rig.send({ kind: 'abort-requested', by: 'ann', reason: 'no', cancelled: false, at: rig.at });
    } else if (doesCarry) {
      rig.carry(Math.floor(other * rig.outbox.length));
    } else {
      const led = open[Math.floor(other * open.length)];
      const mood = rolls[(index + 13) % rolls.length] ?? 0;
      const news = led === undefined ? null : newsOf(led, 0.5 + mood / 2, trouble);
      if (led !== undefined && news !== null) rig.tell(led, news);
    }
    expectOneRolloutACluster(rig);
    expectWavesInOrder(rig, names);
    expectNothingWithoutItsWave(rig, names);
  }
  settle(rig);
  return rig;
}

function act(rig: FleetRig, { what, which }: Story['people'][number]): void {
  const open = rig.led.filter((led) => isOpen(led) && !goesBack(led) && led.round === 0);
  const one = open[which % Math.max(1, open.length)];
  switch (what) {
    case 'hold-one':
      if (one?.held === null && !one.isPast) rig.holdAlone(one);
      break;
    case 'past-one':
      if (one?.held === null) one.isPast = true;
      break;
    case 'resume-one':
      if (one !== undefined && one.held !== null) rig.letGo(one);
      break;
    case 'again': {
      const command = rig.carried[which % Math.max(1, rig.carried.length)];
      if (command !== undefined) rig.outbox.push(command);
      break;
    }
    case 'freeze':
    case 'thaw':
      rig.send({ kind: 'freeze-changed', freeze: what === 'freeze' ? always : noFreeze, at: rig.at });
      break;
    default:
      rig.person(what);
  }
}

const always = freezeRules.parse({
  windows: [{ name: 'w', kind: 'deny', cron: '* * * * *', duration: '1h', timezone: 'UTC', reason: 'quiet' }],
});

/** From now on everything answers, and everybody resumes. */
function settle(rig: FleetRig): void {
  rig.send({ kind: 'freeze-changed', freeze: noFreeze, at: rig.at });
  for (let steps = 0; steps < 400 && !rig.isOver; steps++) {
    rig.carryAll();
    if (rig.rollout.fleet?.held !== undefined) {
      rig.person('resume');
      continue;
    }
    const led = rig.led.find(isOpen);
    if (led?.held === 'with-all' && !goesBack(led))
      throw new Error(`${led.cluster} is still held with all, and nobody holds all`);
    if (led?.held === 'alone' && !goesBack(led)) rig.letGo(led);
    else if (led !== undefined) {
      rig.tell(led, goesBack(led) ? { kind: 'returned', reason: 'worse' } : { kind: 'delivered' });
    } else if (rig.outbox.length === 0) {
      rig.send({ kind: 'resume-requested', by: 'ann', reason: 'again', at: rig.at });
    }
  }
}

/** Null: it waits for a person, and is watched. */
function newsOf(led: LedRollout, roll: number, trouble: number): ClusterNews | null {
  const { round, held } = led;
  const isBad = roll < 0.5 + trouble;
  if (goesBack(led)) {
    return isBad
      ? { kind: 'blocked', reason: 'worse', problem: `no answer ${Math.floor(roll * 3)}` }
      : { kind: 'returned', reason: 'worse' };
  }
  if (isBad) return { kind: 'returning', reason: round === 0 ? 'worse' : 'image not found' };
  if (held !== null) return null;
  if (roll < 0.7) return { kind: 'under-way', problem: roll < 0.6 ? 'no answer' : null };
  return roll < 0.75 && !led.isPast
    ? { kind: 'asks', approval: true, reason: 'waits' }
    : { kind: 'delivered' };
}

function expectOneRolloutACluster(rig: FleetRig): void {
  const open = rig.led.filter(isOpen).map(({ cluster }) => cluster);
  if (new Set(open).size !== open.length) throw new Error(`two rollouts in one cluster: ${open.join()}`);
}

function expectWavesInOrder(rig: FleetRig, waves: readonly (readonly string[])[]): void {
  const begun = new Set(rig.led.map(({ cluster }) => cluster));
  const last = waves.findLastIndex((wave) => wave.some((name) => begun.has(name)));
  for (const name of waves.slice(0, Math.max(0, last)).flat()) {
    const isThere = rig.led.some((led) => led.cluster === name && led.news.kind === 'delivered');
    if (!isThere) throw new Error(`a wave began before ${name} was promoted`);
  }
}

function expectNothingWithoutItsWave(rig: FleetRig, waves: readonly (readonly string[])[]): void {
  const begun = rig.decisions.filter(({ kind }) => kind === 'continue').length;
  const early = rig.led.find(({ cluster }) => !waves.slice(0, begun).flat().includes(cluster));
  if (early !== undefined) throw new Error(`${early.cluster} has a rollout before its wave`);
}

function expectNoWaveWhileHeld(now: Rollout, before: Rollout): void {
  const waiting = ({ fleet }: Rollout) =>
    Object.values(fleet?.clusters ?? {}).filter(({ status }) => status === 'waiting').length;
  if (before.fleet?.held === undefined || now.fleet?.held === undefined) return;
  if (waiting(now) !== waiting(before)) throw new Error('a wave began while all clusters were held');
}

/** Nothing but a word, the way back and the end lets go what a person holds. */
function expectHoldEndsByWord({ fleet, phase }: Rollout, before: Rollout, event: RolloutEvent): void {
  if (before.fleet?.held === undefined || fleet?.held !== undefined) return;
  const isOver = phase.name === 'rolling-back' || phase.name === 'rollback-blocked' || 'at' in phase;
  if (event.kind !== 'resume-requested' && !isOver) throw new Error(`${event.kind} has ended a hold`);
}

/** By how it ended: the clusters that have the new version then, and no others. */
const hasNew: Readonly<Record<string, readonly ClusterStatus[]>> = {
  succeeded: ['delivered'],
  'rolled-back': ['kept'],
  stopped: ['delivered', 'kept'],
};

test('it ends, every cluster has one known version, and nothing is left under way', () => {
  fc.assert(
    fc.property(story, (told) => {
      const rig = tell(told);
      const { phase, fleet } = rig.rollout;
      expect(rig.isOver).toBe(true);
      expect(rig.outcome).not.toBeNull();
      expect(rig.led.filter(isOpen)).toEqual([]);
      const wrong = Object.entries(fleet?.clusters ?? {}).filter(
        ([name, { status }]) => (rig.runs.get(name) === 'new') !== hasNew[phase.name]?.includes(status),
      );
      expect(wrong).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('every promoted cluster is put back exactly once, unless a person has it tried again', () => {
  fc.assert(
    fc.property(story, (told) => {
      const rig = tell(told);
      if (rig.rollout.phase.name !== 'rolled-back') return;
      const wayBack = rig.decisions.slice(rig.decisions.findIndex(({ kind }) => kind === 'roll-back'));
      const isAgain = wayBack.some(({ kind }) => kind === 'resume');
      const wrong = rig.led.filter(({ cluster, round, news }) => {
        if (round > 0) return false;
        const puts = rig.led.filter((led) => led.cluster === cluster && led.round > 0).length;
        const isDue = news.kind === 'delivered' && rig.status(cluster) !== 'kept';
        return isDue ? puts < 1 || (puts > 1 && !isAgain) : puts > 0;
      });
      expect(wrong).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('its stored events give every decision again', () => {
  fc.assert(
    fc.property(story, (told) => {
      const rig = tell(told);
      const again = replayRollout(rig.rollout.spec, rig.events, 0);
      expect(again.decisions).toEqual(rig.decisions);
      expect(again.rollout.phase).toEqual(rig.rollout.phase);
    }),
  );
});

test('what is told a second time, or too late, changes nothing', () => {
  fc.assert(
    fc.property(story, fc.nat(100), (whole, at) => {
      const rig = tell({ ...whole, rolls: whole.rolls.slice(0, at) });
      const before = JSON.stringify([rig.rollout.fleet, rig.rollout.phase]);
      const told = rig.events.filter(({ kind }) => kind === 'cluster-changed');
      for (const event of told) rig.send({ ...event, at: rig.at });
      expect(JSON.stringify([rig.rollout.fleet, rig.rollout.phase])).toBe(before);
    }),
    { numRuns: 100 },
  );
});
