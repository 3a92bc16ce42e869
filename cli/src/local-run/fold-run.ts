// A run in one process: `advance` decides, and what it commands is done right here.
//
//   fold(event) ─► advance ─► state, told to the view ─► commands ─► attempts, timers, turns, questions ─► events
//
import type { Plan } from '@sluice/pipelines/plan/plan';
import { unreachable } from '@sluice/pipelines/result';
import { advance, startState } from '@sluice/pipelines/run/advance';
import type { RunCommand, RunEvent, RunState } from '@sluice/pipelines/run/run-state';
import { localTurns } from './local-turns.ts';

export interface RunHands {
  /** Carries an attempt out to its end and reports by `fold`; a rejection means that we failed. `state`: as it begins. */
  readonly carryOut: (place: AttemptPlace, state: RunState) => Promise<void>;
  /** Ends an attempt that is under way; forced: without clean-up. */
  readonly stop: (place: AttemptPlace, reason: string, isForced: boolean) => void;
  /** Asks the person at the terminal; the answer comes by `fold`. */
  readonly ask: (stage: string) => void;
  /** Hears of every event and of the state after it. */
  readonly tell: (event: RunEvent, state: RunState) => void;
  readonly now: () => number;
}

export interface AttemptPlace {
  readonly stage: string;
  readonly attempt: number;
}

export interface FoldedRun {
  readonly state: () => RunState;
  readonly fold: (event: RunEvent) => void;
  /** Resolves when the run has ended and none of its attempts is under way; rejects when we failed. */
  readonly ended: Promise<RunState>;
}

/** `jobs`: attempts at the same time. `first`: what begins the run. Nothing happens before the caller's turn has ended. */
export function foldRun(
  plan: Plan,
  jobs: number,
  first: Extract<RunEvent, { readonly kind: 'run-requested' }>,
  hands: RunHands,
): FoldedRun {
  let state = startState(plan, first.at);
  let underWay = 0;
  let isFolding = false;
  let line: AttemptPlace[] = [];
  const events: RunEvent[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const turns = localTurns();
  let settle: (state: RunState) => void;
  let surprise: (error: unknown) => void;
  const ended = new Promise<RunState>((resolve, reject) => {
    settle = resolve;
    surprise = reject;
  });

  const fold = (event: RunEvent): void => {
    events.push(event);
    if (isFolding) return;
    isFolding = true;
    for (let next = events.shift(); next !== undefined; next = events.shift()) foldOne(next);
    isFolding = false;
    begin();
  };

  const foldOne = (event: RunEvent): void => {
    const advanced = advance(plan, state, event);
    state = advanced.state;
    hands.tell(event, state);
    for (const command of advanced.commands) carry(command);
    for (const answer of turns.decide(plan, state, hands.now())) events.push(answer);
  };

  const carry = (command: RunCommand): void => {
    switch (command.kind) {
      case 'enqueue-attempt':
        line.push({ stage: command.stage, attempt: command.attempt });
        return;
      case 'cancel-attempt': {
        const { stage, attempt } = command;
        line = line.filter((each) => each.stage !== stage || each.attempt !== attempt);
        hands.stop({ stage, attempt }, command.reason, command.forced === true);
        return;
      }
      case 'seek-result': {
        const reason = 'a run on this machine takes no results of other runs';
        events.push({ kind: 'stage-not-reused', stage: command.stage, reason, at: hands.now() });
        return;
      }
      case 'request-turn':
        turns.request(command.stage);
        return;
      case 'set-timer':
        setTimer(command);
        return;
      case 'request-approval':
        hands.ask(command.stage);
        return;
      case 'start-rollout':
      case 'cancel-rollout':
        throw new Error(`stage "${command.stage}" is a deployment, which is not run here`);
      case 'finish-run':
        timers.forEach(clearTimeout);
        timers.clear();
        return;
      default:
        unreachable(command);
    }
  };

  const setTimer = ({ dueAt, event }: Extract<RunCommand, { readonly kind: 'set-timer' }>): void => {
    const waitMs = Math.min(Math.max(0, dueAt - hands.now()), longestTimerMs);
    const timer = setTimeout(() => {
      timers.delete(timer);
      fold(event);
    }, waitMs);
    timers.add(timer);
  };

  const begin = (): void => {
    while (underWay < jobs) {
      const place = line.shift();
      if (place === undefined) break;
      underWay += 1;
      hands
        .carryOut(place, state)
        .finally(() => (underWay -= 1))
        .then(begin)
        .catch(surprise);
    }
    if (state.status !== 'running' && underWay === 0) settle(state);
  };

  queueMicrotask(() => fold(first));
  return { state: () => state, fold, ended };
}

/** What Node's timers can wait; nobody leaves a run on a laptop alone for longer. */
const longestTimerMs = 2 ** 31 - 1;
