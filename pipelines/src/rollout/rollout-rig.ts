// For tests: a rollout driven to its end against a simulated target, one event at a time, on a simulated clock.
import type { FreezeRules } from '../freeze/freeze-rules.ts';
import type { DeployWork } from '../language/definition.ts';
import { advanceRollout, isTerminal, startRollout } from './advance-rollout.ts';
import type {
  ActionResult,
  Decision,
  GuardFacts,
  Observation,
  Rollout,
  RolloutAction,
  RolloutEvent,
  RolloutSpec,
  RouterAbilities,
  SideFacts,
} from './rollout-state.ts';
import { askedTraffic, nothingChosen } from './traffic.ts';
import type { StageOutcome } from '../run/run-state.ts';

const minute = 60_000;

export function aSpec(work: Partial<DeployWork> = {}): RolloutSpec {
  return {
    environment: 'production',
    version: 'r13',
    image: 'registry/shop@sha256:13',
    author: 'ann',
    work: {
      kind: 'deploy',
      environment: 'production',
      image: 'push',
      manifests: null,
      container: null,
      strategy: 'canary',
      steps: [
        { kind: 'set-weight', percent: 10 },
        { kind: 'analysis', forMs: 5 * minute },
        { kind: 'set-weight', percent: 50 },
        { kind: 'analysis', forMs: 5 * minute },
      ],
      metrics: {},
      confidence: 0.95,
      intervalMs: 10_000,
      noData: 'wait',
      onInconclusive: 'hold',
      bakeMs: minute,
      drainMs: 5_000,
      deadlineMs: 120 * minute,
      ...work,
    },
  };
}

/** Answers to actions; `answer` is called when a worker would do the action. */
interface SimulatedTarget {
  readonly answer: (action: RolloutAction, at: number) => ActionResult;
}

export interface World {
  readonly stable: boolean;
  readonly replicas: number;
  readonly requestsPerSecond: number;
  readonly stableBadRate: number;
  readonly canaryBadRate: number;
  /** From deploy to all replicas ready. */
  readonly startMs: number;
  /** Why replicas of the new version never get ready; null: they do. */
  readonly problem: string | null;
  /** What the metrics say; `silent` answers without any series. */
  readonly metrics: (at: number) => 'fine' | 'silent' | 'error' | 'unsupported';
  /** The metric `mean`; null: there is no such metric. */
  readonly gauge: ((at: number) => { readonly stable: number | null; readonly canary: number | null }) | null;
  /** By how much the clock that observations are dated by is behind. */
  readonly lateMs: (at: number) => number;
  /** An action that fails instead of being done; null: it is done. */
  readonly fails: (
    action: RolloutAction,
    at: number,
  ) => { readonly reason: string; readonly retryable: boolean } | null;
  /** The router ignores what it is told. */
  readonly isRouterStuck: boolean;
  /** One replica of the new version is not ready at that time. */
  readonly isLimping: (at: number) => boolean;
  /** How long replicas of the new version take to end after a roll-back. */
  readonly lingerMs: number;
  /** What the router can do beside weights; it does it whenever it is asked. */
  readonly can: RouterAbilities;
  /** Of all requests, those that are of the chosen kind. */
  readonly chosenPercent: number;
  /** From being told to stop to nothing of the old version running. */
  readonly stopMs: number;
  /** What a hook answers. */
  readonly agrees: (hook: string, at: number) => boolean;
  /** What is found of a guard; null: it is not looked for. */
  readonly guard: GuardFacts | null;
  /** How long replicas take to be replaced after a promotion, until the new version is one side alone. */
  readonly replaceMs: number;
  /** Replicas take each other's places: those of the new version are its share, and none without traffic. */
  readonly inPlace: boolean;
}

const noValues = { stable: null, canary: null };

const aWorld: World = {
  stable: true,
  replicas: 2,
  requestsPerSecond: 100,
  stableBadRate: 0,
  canaryBadRate: 0,
  startMs: 3_000,
  problem: null,
  metrics: () => 'fine',
  gauge: null,
  lateMs: () => 0,
  fails: () => null,
  isRouterStuck: false,
  isLimping: () => false,
  lingerMs: 0,
  can: { router: 'simulated', match: ['header', 'cookie', 'query'], mirror: true },
  chosenPercent: 5,
  stopMs: 0,
  agrees: () => true,
  guard: null,
  replaceMs: 0,
  inPlace: false,
};

/** Requests flow all the time, split as the weight says; counts are exact expectations, rounded down. */
export function simulateTarget(
  spec: RolloutSpec,
  changes: Partial<World> = {},
  startedAt = 0,
): SimulatedTarget {
  const world = { ...aWorld, ...changes };
  let deployedAt: number | null = null;
  let weight = 0;
  let traffic = nothingChosen;
  let stoppedAt: number | null = null;
  let rolledBackAt: number | null = null;
  let retiredAt: number | null = null;
  let flowedUntil = startedAt;
  const total = { stable: 0, canary: 0 };

  const flow = (at: number): void => {
    const requests = ((at - flowedUntil) / 1_000) * world.requestsPerSecond;
    const chosen = traffic.match.length > 0 ? (requests * world.chosenPercent) / 100 : 0;
    const old = ((requests - chosen) * (100 - weight)) / 100;
    total.canary += requests - old + (old * traffic.mirrorPercent) / 100;
    if (world.stable) total.stable += old;
    flowedUntil = at;
  };
  const side = (
    version: string,
    weightPercent: number,
    ready: number,
    problem: string | null,
  ): SideFacts => ({
    version,
    image: `registry/shop:${version}`,
    replicas: world.replicas,
    ready,
    weightPercent,
    problem,
  });
  const facts = (at: number) => {
    const isReady = deployedAt !== null && at >= deployedAt + world.startMs && world.problem === null;
    const canary =
      deployedAt === null
        ? null
        : side(
            spec.version,
            weight,
            isReady ? world.replicas - (world.isLimping(at) ? 1 : 0) : 0,
            world.problem,
          );
    const isGone = stoppedAt !== null && at >= stoppedAt + world.stopMs;
    const stable = world.stable ? side('r12', 100 - weight, isGone ? 0 : world.replicas, null) : null;
    const isReplaced = retiredAt !== null && at >= retiredAt + world.replaceMs;
    if (world.inPlace && canary !== null && stable !== null && retiredAt === null) {
      const taken = Math.ceil((world.replicas * weight) / 100);
      const fresh = { ...canary, replicas: taken, ready: Math.min(canary.ready, taken), inPlace: true };
      const left = world.replicas - taken;
      return {
        stable: { ...stable, replicas: left, ready: left },
        canary: fresh,
        address: null,
        can: world.can,
      };
    }
    return retiredAt !== null
      ? { stable: canary, canary: isReplaced ? null : canary, address: 'http://shop' }
      : { stable, canary, address: 'http://shop', weightStepPercent: 1, traffic, can: world.can };
  };
  const reading = (requests: number, badRate: number) => ({
    bad: { pod: Math.floor(requests * badRate) },
    total: { pod: Math.floor(requests) },
  });
  const observe = (at: number): Observation | null => {
    const state = world.metrics(at);
    if (state === 'unsupported') return null;
    const metric =
      state === 'error'
        ? ({ kind: 'error', message: 'prometheus answered 503' } as const)
        : ({
            kind: 'read',
            stable: state === 'silent' || !world.stable ? null : reading(total.stable, world.stableBadRate),
            canary:
              state === 'silent' || deployedAt === null ? null : reading(total.canary, world.canaryBadRate),
          } as const);
    const mean = state === 'error' ? metric : { kind: 'value' as const, ...noValues, ...world.gauge?.(at) };
    const metrics = world.gauge === null ? { errors: metric } : { errors: metric, mean };
    return { at: at - world.lateMs(at), metrics, latency: { stable: null, canary: null } };
  };
  const carryOut = (action: RolloutAction, at: number): void => {
    switch (action.kind) {
      case 'deploy':
        deployedAt ??= at;
        break;
      case 'set-weight':
        if (!world.isRouterStuck) ({ percent: weight, ...traffic } = askedTraffic(action));
        break;
      case 'stop-old':
        stoppedAt ??= at;
        break;
      case 'promote':
        if (!world.isRouterStuck) [weight, traffic] = [100, nothingChosen];
        break;
      case 'retire-old':
        retiredAt ??= at;
        break;
      case 'roll-back':
        [weight, traffic, stoppedAt] = [0, nothingChosen, null];
        rolledBackAt ??= at;
        if (at >= rolledBackAt + world.lingerMs) deployedAt = null;
        break;
      default:
    }
  };
  return {
    answer: (action, at) => {
      flow(at);
      const failure = world.fails(action, at);
      if (failure !== null) return { result: 'failed', message: 'as simulated', ...failure };
      if (action.kind === 'call-hook') {
        const agrees = world.agrees(action.hook, at);
        return { result: 'answered', agrees, message: agrees ? 'answered 200' : 'answered 500: no' };
      }
      carryOut(action, at);
      const observation = action.kind === 'observe' ? observe(at) : null;
      const guard = action.kind === 'inspect' && world.guard !== null ? { guard: world.guard } : {};
      return { result: 'done', facts: { ...facts(at), ...guard }, observation };
    },
  };
}

/** Folds events and does what the commands say. Reading the fields between two steps shows the state then. */
export class RolloutRig {
  rollout: Rollout;
  now: number;
  outcome: StageOutcome | null = null;
  readonly lines: string[] = [];
  readonly decisions: Decision[] = [];
  readonly actions: RolloutAction[] = [];
  readonly events: RolloutEvent[] = [];
  /** Called after every event; throws when something must not be. */
  check: (rig: RolloutRig, before: Rollout) => void = () => {};
  private readonly target: SimulatedTarget;
  private timers: number[] = [];
  private waiting: { action: number; what: RolloutAction }[] = [];

  constructor(spec: RolloutSpec, target: SimulatedTarget, startedAt = 0) {
    this.rollout = startRollout(spec, startedAt);
    this.now = startedAt;
    this.target = target;
  }

  get isOver(): boolean {
    return isTerminal(this.rollout);
  }

  fold(event: RolloutEvent): void {
    const before = this.rollout;
    const move = advanceRollout(before, event);
    this.events.push(event);
    this.rollout = move.rollout;
    for (const command of move.commands) {
      if (command.kind === 'act') {
        this.actions.push(command.what);
        this.waiting.push({ action: command.action, what: command.what });
      }
      if (command.kind === 'set-timer') this.timers.push(command.dueAt);
      if (command.kind === 'say') this.lines.push(command.line);
      if (command.kind === 'record-decision') this.decisions.push(command.decision);
      if (command.kind === 'finish') {
        if (this.outcome !== null) throw new Error('finished twice');
        this.outcome = command.outcome;
      }
    }
    this.check(this, before);
  }

  /** The oldest action's result after 50 ms, or else the next timer. False: nothing will ever happen again. */
  step(): boolean {
    const next = this.waiting.shift();
    if (next !== undefined) {
      this.now += 50;
      const result = this.target.answer(next.what, this.now);
      this.fold({ kind: 'action-finished', action: next.action, result, at: this.now });
      return true;
    }
    this.timers.sort((a, b) => a - b);
    const dueAt = this.timers.shift();
    if (dueAt === undefined) return false;
    this.now = Math.max(this.now, dueAt);
    this.fold({ kind: 'tick', at: this.now });
    return true;
  }

  start(freeze?: FreezeRules): this {
    this.fold({ kind: 'started', at: this.now, ...(freeze === undefined ? {} : { freeze }) });
    return this;
  }

  /** Steps until the phase has that name. */
  until(phase: Rollout['phase']['name'], mostSteps = 5_000): this {
    for (let step = 0; this.rollout.phase.name !== phase; step++) {
      if (step >= mostSteps || this.isOver || !this.step()) {
        throw new Error(
          `${phase} was never reached, it is ${this.rollout.phase.name}:\n${this.lines.join('\n')}`,
        );
      }
    }
    return this;
  }

  /** Steps until the rollout is over. */
  finish(mostSteps = 5_000): this {
    for (let step = 0; !this.isOver; step++) {
      if (step >= mostSteps || !this.step()) {
        throw new Error(`stuck in ${this.rollout.phase.name}:\n${this.lines.slice(-20).join('\n')}`);
      }
    }
    return this;
  }
}

export function aRollout(
  work: Partial<DeployWork> = {},
  world: Partial<World> = {},
  freeze?: FreezeRules,
): RolloutRig {
  const spec = aSpec(work);
  return new RolloutRig(spec, simulateTarget(spec, world)).start(freeze);
}
