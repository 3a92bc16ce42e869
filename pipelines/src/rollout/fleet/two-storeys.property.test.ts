// A rollout that leads and the very rollouts that it leads, each on a simulated target. Commands are carried out in any
// order, late and twice, and people say what they like of all clusters and of single ones.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeployWork } from '../../language/definition.ts';
import { advanceRollout, isTerminal, startRollout } from '../advance-rollout.ts';
import { replayRollout } from '../replay.ts';
import { aSpec, RolloutRig, simulateTarget, type World } from '../rollout-rig.ts';
import type { Decision, Rollout, RolloutCommand, RolloutEvent, SteerEvent } from '../rollout-state.ts';
import { clusterNews } from './cluster-news.ts';
import type { ClusterStatus } from './fleet-state.ts';
import { saidBefore } from './steer-fleet.ts';

type ClusterCommand = Extract<RolloutCommand, { readonly cluster: string }>;
type Wish = 'hold' | 'resume' | 'promote';

const approval = { by: [], count: 1, withinMs: 24 * 3_600_000, notAuthor: false };
const half = { kind: 'set-weight', percent: 50 } as const;
const look = { kind: 'analysis', forMs: 60_000 } as const;

class TwoStoreys {
  leader: Rollout;
  at = 0;
  outbox: ClusterCommand[] = [];
  readonly carried: ClusterCommand[] = [];
  readonly led = new Map<string, RolloutRig>();
  readonly decisions: Decision[] = [];
  readonly events: RolloutEvent[] = [];
  readonly bad: ReadonlySet<string>;

  constructor(waves: readonly (readonly string[])[], work: Partial<DeployWork>, bad: readonly string[]) {
    this.bad = new Set(bad);
    const spec = aSpec({ bakeMs: 0, drainMs: 0, deadlineMs: 24 * 3_600_000, ...work });
    const planned = waves.map((wave) => wave.map((name) => ({ name, returnsTo: 'r12' })));
    this.leader = startRollout({ ...spec, waves: planned }, 0);
    this.send({ kind: 'started', at: 0 });
  }

  get isOver(): boolean {
    return isTerminal(this.leader);
  }

  get open(): readonly RolloutRig[] {
    return [...this.led.values()].filter((rig) => !rig.isOver);
  }

  send(event: RolloutEvent): void {
    const before = this.leader;
    this.events.push(event);
    const move = advanceRollout(before, event);
    const stored: Rollout = JSON.parse(JSON.stringify(move.rollout));
    this.leader = stored;
    for (const command of move.commands) {
      if ('cluster' in command) this.outbox.push(command);
      if (command.kind === 'record-decision') this.decisions.push(command.decision);
    }
    expectNoWaveWhileHeld(stored, before);
  }

  say(wish: Wish): void {
    this.at += 1_000;
    this.send({ kind: `${wish}-requested`, by: 'eve', reason: 'because', at: this.at });
  }

  sayAlone(rig: RolloutRig, wish: Wish): void {
    this.fold(rig, { kind: `${wish}-requested`, by: 'ann', reason: 'this one', at: this.later() });
  }

  carry(index = 0): void {
    const [command] = this.outbox.splice(index, 1);
    if (command === undefined) return;
    this.carried.push(command);
    const { cluster, round } = command;
    const rig = this.led.get(`${cluster}#${round}`);
    if (command.kind === 'start-cluster') {
      const state = this.leader.fleet?.clusters[cluster];
      const isWanted = state?.round === round && state.status === (round === 0 ? 'delivering' : 'returning');
      if (rig === undefined && isWanted) this.begin(cluster, round);
    } else if (rig === undefined) {
      if (command.kind !== 'steer-cluster') this.tell(cluster, round, { kind: 'returned', reason: 'never' });
    } else {
      const { phase: before } = rig.rollout;
      this.fold(rig, eventOf(command, this.later()));
      if (command.kind === 'steer-cluster') expectOwnHoldStays(rig.rollout, before);
    }
  }

  step(rig: RolloutRig): void {
    rig.now = Math.max(rig.now, this.at);
    if (!rig.step()) throw new Error(`stuck in ${rig.rollout.phase.name}`);
    this.at = Math.max(this.at, rig.now);
  }

  private begin(cluster: string, round: number): void {
    const { waves: _, ...own } = this.leader.spec;
    const steps = round === 0 ? own.work.steps : [];
    const spec = { ...own, cluster, work: { ...own.work, steps } };
    const isBad = round === 0 && this.bad.has(cluster);
    const world: Partial<World> = { requestsPerSecond: 1_000, canaryBadRate: isBad ? 0.5 : 0 };
    const rig = new RolloutRig(spec, simulateTarget(spec, world, this.at), this.at);
    this.led.set(`${cluster}#${round}`, rig);
    rig.check = (now, before) => {
      expectNoPromotionWhileHeld(now.rollout, before);
      const news = clusterNews(now.rollout);
      if (JSON.stringify(news) !== JSON.stringify(clusterNews(before))) this.tell(cluster, round, news);
    };
    this.fold(rig, { kind: 'started', at: this.later() });
    if (round === 0) for (const event of saidBefore(this.leader, this.later())) this.fold(rig, event);
  }

  private fold(rig: RolloutRig, event: RolloutEvent): void {
    rig.now = Math.max(rig.now, this.at);
    rig.fold(event);
  }

  private tell(cluster: string, round: number, news: ReturnType<typeof clusterNews>): void {
    this.send({ kind: 'cluster-changed', cluster, round, news, at: this.at });
  }

  private later(): number {
    this.at += 10;
    return this.at;
  }
}

function eventOf(
  command: Exclude<ClusterCommand, { readonly kind: 'start-cluster' }>,
  at: number,
): RolloutEvent {
  const { by, reason } = command;
  switch (command.kind) {
    case 'return-cluster':
      return { kind: 'abort-requested', by, reason, cancelled: true, at };
    case 'leave-cluster':
      return { kind: 'give-up-requested', by, reason, at };
    case 'steer-cluster': {
      const event: SteerEvent = { kind: `${command.wish}-requested`, by, reason, at, word: command.word };
      return event;
    }
  }
}

const story = fc.record({
  waves: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 3 }),
  onFailure: fc.constantFrom('roll-back' as const, 'stop' as const),
  steps: fc.constantFrom<DeployWork['steps']>(
    [half, look],
    [half, look, { kind: 'approve', approval }],
    [half, { kind: 'pause', forMs: 30_000 }, look],
    [{ kind: 'pause', forMs: null }, half],
    [],
  ),
  bad: fc.array(fc.nat(5), { maxLength: 1 }),
  turns: fc.array(
    fc.record({
      what: fc.constantFrom(
        ...(['step', 'step', 'step', 'step', 'step', 'step'] as const),
        ...(['carry', 'carry', 'carry', 'carry', 'carry', 'carry'] as const),
        ...([
          'hold',
          'hold',
          'resume',
          'promote',
          'hold-one',
          'resume-one',
          'promote-one',
          'vote',
          'again',
        ] as const),
        'abort' as const,
      ),
      which: fc.nat(30),
    }),
    { minLength: 60, maxLength: 200 },
  ),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

function tell({ waves, onFailure, steps, bad, turns }: Story): TwoStoreys {
  let next = 0;
  const names = waves.map((size) => Array.from({ length: size }, () => `c${next++}`));
  const rollouts = new TwoStoreys(
    names,
    { onFailure, steps },
    bad.map((index) => `c${index}`),
  );
  for (const turn of turns) if (!rollouts.isOver) take(rollouts, turn);
  settle(rollouts);
  return rollouts;
}

function take(rollouts: TwoStoreys, { what, which }: Story['turns'][number]): void {
  const { open, outbox, carried } = rollouts;
  const one = open[which % Math.max(1, open.length)];
  switch (what) {
    case 'carry':
      rollouts.carry(which % Math.max(1, outbox.length));
      return;
    case 'again': {
      const command = carried[which % Math.max(1, carried.length)];
      if (command !== undefined) rollouts.outbox.push(command);
      return;
    }
    case 'hold':
    case 'resume':
    case 'promote':
      rollouts.say(what);
      return;
    case 'abort':
      if (which > 3) return;
      rollouts.send({ kind: 'abort-requested', by: 'ann', reason: 'no', cancelled: false, at: rollouts.at });
      return;
    default:
  }
  if (one === undefined) return;
  if (what === 'step') for (let step = 0; step <= which % 6 && !one.isOver; step++) rollouts.step(one);
  else if (what === 'vote') vote(rollouts, one);
  else if (what === 'hold-one') rollouts.sayAlone(one, 'hold');
  else if (what === 'resume-one') rollouts.sayAlone(one, 'resume');
  else rollouts.sayAlone(one, 'promote');
}

function vote(rollouts: TwoStoreys, rig: RolloutRig): void {
  rollouts.at += 10;
  const cast = { by: 'bob', verdict: 'approved', reason: null, at: rollouts.at } as const;
  rig.fold({ kind: 'voted', vote: cast, at: rollouts.at });
}

/** Everything is carried out and answered, and everybody lets everything go. */
function settle(rollouts: TwoStoreys): void {
  for (let steps = 0; !rollouts.isOver; steps++) {
    if (steps > 3_000) throw new Error(`stuck in ${rollouts.leader.phase.name}`);
    while (rollouts.outbox.length > 0) rollouts.carry();
    if (rollouts.leader.fleet?.held !== undefined) {
      rollouts.say('resume');
      continue;
    }
    for (const rig of rollouts.open) {
      const { phase } = rig.rollout;
      if (phase.name === 'paused' && phase.held?.word !== undefined)
        throw new Error('one is still held with all clusters, and nobody holds them');
      if (phase.name === 'paused' && phase.until === null) rollouts.sayAlone(rig, 'resume');
      else if (phase.name === 'held') rollouts.sayAlone(rig, 'resume');
      else if (phase.name === 'awaiting-approval') vote(rollouts, rig);
      else rollouts.step(rig);
    }
  }
}

function expectNoWaveWhileHeld(now: Rollout, before: Rollout): void {
  const waiting = ({ fleet }: Rollout): number =>
    Object.values(fleet?.clusters ?? {}).filter(({ status }) => status === 'waiting').length;
  if (before.fleet?.held === undefined || now.fleet?.held === undefined) return;
  if (waiting(now) !== waiting(before)) throw new Error('a wave began while all clusters were held');
}

/** No word about all clusters moves one that a person holds by itself. */
function expectOwnHoldStays({ phase }: Rollout, before: Rollout['phase']): void {
  const isHeldAlone = before.name === 'paused' && before.held !== undefined && before.held.word === undefined;
  if (isHeldAlone && phase !== before) throw new Error(`${before.held?.by} held it, and it is ${phase.name}`);
}

/** One that has heard that all are held gets no promotion before it has heard something else. */
function expectNoPromotionWhileHeld(now: Rollout, before: Rollout): void {
  if (before.saidOfAll?.hold === undefined || now.saidOfAll?.hold === undefined) return;
  if (now.phase.name === 'promoting' && before.phase.name !== 'promoting')
    throw new Error(`promoted from ${before.phase.name} while all clusters were held`);
}

/** By how the whole ends: how each cluster may. */
const endings: Readonly<Record<string, readonly ClusterStatus[]>> = {
  succeeded: ['delivered'],
  'rolled-back': ['waiting', 'returned'],
  stopped: ['waiting', 'returned', 'delivered'],
};

test('whatever people say, and whenever it is heard, it ends with one known version in every cluster', () => {
  fc.assert(
    fc.property(story, (told) => {
      const rollouts = tell(told);
      expect(rollouts.open).toEqual([]);
      const { phase, fleet } = rollouts.leader;
      const statuses = Object.values(fleet?.clusters ?? {}).map(({ status }) => status);
      expect(statuses.filter((status) => endings[phase.name]?.includes(status) !== true)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('the stored events of the one that leads and of those that it leads give every decision again', () => {
  fc.assert(
    fc.property(story, (told) => {
      const rollouts = tell(told);
      expect(replayRollout(rollouts.leader.spec, rollouts.events, 0).decisions).toEqual(rollouts.decisions);
      for (const { rollout, events, decisions } of rollouts.led.values()) {
        expect(replayRollout(rollout.spec, events, rollout.startedAt).decisions).toEqual(decisions);
      }
    }),
    { numRuns: 60 },
  );
});
