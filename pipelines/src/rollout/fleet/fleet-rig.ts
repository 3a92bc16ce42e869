// For tests: a rollout over several clusters whose clusters do what the test says, one event at a time.
import { advanceRollout, isTerminal, startRollout } from '../advance-rollout.ts';
import { aSpec } from '../rollout-rig.ts';
import type { DeployWork } from '../../language/definition.ts';
import type { FreezeRules } from '../../freeze/freeze-rules.ts';
import type { StageOutcome } from '../../run/run-state.ts';
import type { Decision, Rollout, RolloutCommand, RolloutEvent } from '../rollout-state.ts';
import type { ClusterNews, ClusterStatus, FleetHold } from './fleet-state.ts';

type ClusterCommand = Extract<RolloutCommand, { readonly cluster: string }>;

/** A rollout of one cluster, as far as the one that leads it knows. */
export interface LedRollout {
  readonly cluster: string;
  readonly round: number;
  news: ClusterNews;
  /** A person holds it, with all others or by itself; null: nobody does. */
  held: 'with-all' | 'alone' | null;
  /** It is past its last step, and goes to its end. */
  isPast: boolean;
  /** Number of the last word about all clusters that it has followed. */
  heard: number;
}

export class FleetRig {
  rollout: Rollout;
  at = 0;
  outcome: StageOutcome | null = null;
  /** Commands that nobody has carried out yet. */
  outbox: ClusterCommand[] = [];
  readonly led: LedRollout[] = [];
  readonly decisions: Decision[] = [];
  readonly events: RolloutEvent[] = [];
  readonly lines: string[] = [];
  /** Commands that were carried out. */
  readonly carried: ClusterCommand[] = [];
  /** Called after every event; throws when something must not be. */
  check: (now: Rollout, before: Rollout, event: RolloutEvent) => void = () => {};
  /** What each cluster runs. */
  readonly runs: Map<string, 'old' | 'new' | 'nothing'>;

  constructor(
    waves: readonly (readonly string[])[],
    work: Partial<DeployWork> = {},
    options: { readonly fresh?: readonly string[]; readonly freeze?: FreezeRules } = {},
  ) {
    const fresh = options.fresh ?? [];
    const planned = waves.map((wave) =>
      wave.map((name) => ({ name, returnsTo: fresh.includes(name) ? null : 'r12' })),
    );
    this.rollout = startRollout({ ...aSpec(work), waves: planned }, 0);
    this.runs = new Map(waves.flat().map((name) => [name, fresh.includes(name) ? 'nothing' : 'old']));
    this.send({
      kind: 'started',
      at: 0,
      ...(options.freeze === undefined ? {} : { freeze: options.freeze }),
    });
  }

  get isOver(): boolean {
    return isTerminal(this.rollout);
  }

  status(cluster: string): ClusterStatus | undefined {
    return this.rollout.fleet?.clusters[cluster]?.status;
  }

  /** Folds an event; the state goes through JSON as it would through the database. */
  send(event: RolloutEvent): void {
    this.events.push(event);
    const before = this.rollout;
    const move = advanceRollout(before, event);
    const stored: Rollout = JSON.parse(JSON.stringify(move.rollout));
    this.rollout = stored;
    for (const command of move.commands) {
      if ('cluster' in command) this.outbox.push(command);
      if (command.kind === 'finish') this.outcome = command.outcome;
      if (command.kind === 'record-decision') this.decisions.push(command.decision);
      if (command.kind === 'say') this.lines.push(command.line);
    }
    this.check(this.rollout, before, event);
  }

  /** A person says something of all clusters. */
  person(wish: 'hold' | 'resume' | 'promote', by = 'eve', reason = 'the night shift is small'): void {
    this.at += 1_000;
    this.send({ kind: `${wish}-requested`, by, reason, at: this.at });
  }

  tell(led: LedRollout, news: ClusterNews): void {
    this.at += 1_000;
    led.news = news;
    if (news.kind === 'delivered') this.runs.set(led.cluster, led.round === 0 ? 'new' : 'old');
    const { cluster, round } = led;
    this.send({ kind: 'cluster-changed', cluster, round, news, at: this.at });
  }

  /** Carries one command out, as the server does: what is not wanted any more is not begun. */
  carry(index = 0): void {
    const [command] = this.outbox.splice(index, 1);
    if (command === undefined) return;
    this.carried.push(command);
    const { cluster, round } = command;
    const led = this.led.find((each) => each.cluster === cluster && each.round === round);
    if (command.kind === 'start-cluster') {
      const isWanted = this.status(cluster) === (round === 0 ? 'delivering' : 'returning');
      const isSame = this.rollout.fleet?.clusters[cluster]?.round === round;
      if (led === undefined && isWanted && isSame) this.begin(cluster, round);
      return;
    }
    if (command.kind === 'steer-cluster') {
      if (led !== undefined && isOpen(led) && !goesBack(led)) this.steer(led, command);
      return;
    }
    const reason = command.reason;
    if (led === undefined) {
      this.at += 1_000;
      const news = { kind: 'returned', reason } as const;
      this.send({ kind: 'cluster-changed', cluster, round, news, at: this.at });
    } else if (command.kind === 'leave-cluster' && led.news.kind === 'blocked') {
      this.tell(led, { kind: 'left', reason });
    } else if (isOpen(led) && !goesBack(led)) {
      this.tell(led, { kind: 'returning', reason });
    }
  }

  /** One that begins while all are held is held with them. */
  private begin(cluster: string, round: number): void {
    const led: LedRollout = {
      cluster,
      round,
      news: { kind: 'under-way', problem: null },
      held: null,
      isPast: false,
      heard: 0,
    };
    this.led.push(led);
    if (round > 0) return;
    const { held, words = 0 } = this.rollout.fleet ?? {};
    led.heard = words;
    if (held !== undefined) this.hold(led, { ...held, word: words });
  }

  /** As said-of-all.ts has it. */
  private steer(led: LedRollout, command: Extract<ClusterCommand, { kind: 'steer-cluster' }>): void {
    if (command.word <= led.heard) return;
    if (command.wish === 'hold') {
      this.hold(led, command);
      return;
    }
    const canFollow = command.wish === 'resume' || led.held !== 'alone';
    if (canFollow) led.heard = command.word;
    if (led.held === 'with-all') this.letGo(led);
  }

  private hold(led: LedRollout, { by, reason, word }: FleetHold): void {
    if (led.isPast) return;
    led.heard = word;
    if (led.held !== null) return;
    led.held = 'with-all';
    this.tell(led, { kind: 'asks', approval: false, reason: `held with all clusters by ${by}: ${reason}` });
  }

  /** A person holds this cluster alone. */
  holdAlone(led: LedRollout): void {
    led.held = 'alone';
    this.tell(led, { kind: 'asks', approval: false, reason: 'held by ann: strange logs' });
  }

  letGo(led: LedRollout): void {
    led.held = null;
    this.tell(led, { kind: 'under-way', problem: null });
  }

  carryAll(): void {
    while (this.outbox.length > 0) this.carry();
  }

  /** The newest rollout of a cluster says something, after all commands were carried out. */
  say(cluster: string, news: ClusterNews): void {
    this.carryAll();
    const led = this.led.findLast((each) => each.cluster === cluster);
    if (led === undefined) throw new Error(`${cluster} has no rollout`);
    this.tell(led, news);
    this.carryAll();
  }
}

export const goesBack = ({ news }: LedRollout): boolean =>
  news.kind === 'returning' || news.kind === 'blocked';

export const isOpen = ({ news }: LedRollout): boolean =>
  news.kind !== 'delivered' && news.kind !== 'seen' && news.kind !== 'returned' && news.kind !== 'left';
