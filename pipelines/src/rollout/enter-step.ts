// The way into each step of a rollout, and past the last one.
import { unreachable } from '../result.ts';
import { restartCanary, restartTally } from './counter-difference.ts';
import { endAsPlanned } from './endings.ts';
import { formatDuration, formatPercent } from './figures.ts';
import { givesTraffic, holdIfFrozen, holdShift } from './freeze.ts';
import { askHooks } from './hooks.ts';
import { act, change, command, decideTo, enter, say, stay, wake, type Move } from './move.ts';
import { isReady } from './reading.ts';
import type { ChosenTraffic, HeldBefore, Rollout, SteerEvent } from './rollout-state.ts';
import { outlook } from './outlook.ts';
import { deadlineOf, readinessPollMs } from './timing.ts';
import { askTraffic, chosenInWords, isOnlyCopied, nothingChosen, wantedTraffic } from './traffic.ts';

/** Begins step `index`; past the last one the version is promoted. */
export function enterStep(rollout: Rollout, index: number, at: number): Move {
  const move = change(stay(rollout), { step: index, consecutiveErrors: 0 });
  const waiting = waitIfWished(move, { kind: 'step', step: index }, at);
  if (waiting !== null) return waiting;
  const step = rollout.spec.work.steps[index];
  if (step === undefined) {
    return rollout.spec.work.afterwards === 'end'
      ? endAsPlanned(move.rollout, at)
      : promote(move.rollout, at, 'every step is done');
  }
  const frozen = givesTraffic(rollout, step) ? holdIfFrozen(move, { kind: 'step', step: index }, at) : null;
  if (frozen !== null) return frozen;
  switch (step.kind) {
    case 'set-weight':
      return setWeight(move, step.percent, at);
    case 'set-route':
      return choose(move, { match: step.match }, at);
    case 'set-mirror':
      return choose(move, { mirrorPercent: step.percent }, at);
    case 'pause': {
      const until = step.forMs === null ? null : at + step.forMs;
      const length = step.forMs === null ? 'until someone resumes' : `for ${formatDuration(step.forMs)}`;
      return lookOn(say(enter(move, { name: 'paused', since: at, until }), `paused ${length}`), at, until);
    }
    case 'analysis': {
      const until = at + step.forMs;
      const fresh = repeatsAnalysis(rollout, index) ? restartCounting(move) : move;
      const entered = enter(fresh, { name: 'analysing', since: at, until });
      const length = `${step.whole === true ? 'for' : 'for up to'} ${formatDuration(step.forMs)}`;
      return lookOn(say(entered, `analysing ${length}`), at, until);
    }
    case 'approve': {
      const expiresAt = at + step.approval.withinMs;
      const asked = enter(change(move, { votes: [] }), { name: 'awaiting-approval', since: at, expiresAt });
      return lookOn(say(asked, approvalRequest(rollout, step.approval)), at, expiresAt);
    }
    default:
      return unreachable(step);
  }
}

/** All traffic to the new version, when the hooks agree. */
export function promote(rollout: Rollout, at: number, reason: string): Move {
  const waiting = waitIfWished(stay(rollout), { kind: 'promotion', reason }, at);
  if (waiting !== null) return waiting;
  const frozen = holdIfFrozen(stay(rollout), { kind: 'promotion', reason }, at);
  if (frozen !== null) return frozen;
  const about = { since: at, promotion: reason };
  return askHooks(stay(rollout), 'confirm-promotion', about, (next) => promoteNow(next, at, reason));
}

export function promoteNow(rollout: Rollout, at: number, reason: string): Move {
  const waiting = waitIfWished(stay(rollout), { kind: 'promotion', reason }, at);
  if (waiting !== null) return waiting;
  const frozen = holdIfFrozen(stay(rollout), { kind: 'promotion', reason }, at);
  if (frozen !== null) return frozen;
  const entered = enter(stay(rollout), { name: 'promoting', since: at });
  const decided = decideTo(entered, 'promote', at, reason, 'judge', rollout.verdict);
  const said = say(decided, `promoting ${rollout.spec.version}: ${reason}`);
  return shift(guardProgress(change(said, { weightPercent: 100, traffic: nothingChosen })), at);
}

/**
 * Moves traffic only to a side whose replicas are all ready, as last reported; looks again while they are not.
 * The phase is `setting-weight` or `promoting`.
 */
export function shift(move: Move, at: number): Move {
  const { facts, phase } = move.rollout;
  if (!isReady(facts?.canary ?? null)) return wake(move, at + readinessPollMs);
  const frozen = holdShift(move, at);
  if (frozen !== null) return frozen;
  return phase.name === 'promoting'
    ? act(move, { kind: 'promote' })
    : act(move, askTraffic(wantedTraffic(move.rollout)));
}

/** Counts from here on, as after every change of weight. */
export function restartCounting(move: Move): Move {
  const { tally, latest, countsCopies } = move.rollout;
  return change(move, {
    tally: restartTally(tally, countsCopies),
    baseline: latest,
    verdict: null,
    looks: {},
    countsCopies: isOnlyCopied(wantedTraffic(move.rollout)),
  });
}

/** Like `restartCounting`, but keeps what the old version was seen to do as the reference. */
export function restartCountingCanary(move: Move): Move {
  const { tally, latest, countsCopies } = move.rollout;
  const counting = { tally: restartCanary(tally, countsCopies), countsCopies: false };
  return change(move, { ...counting, baseline: latest, looks: {} });
}

/** The next look comes after the interval, or at the end of the phase if that is earlier. */
export function lookOn(move: Move, at: number, until: number | null): Move {
  const { intervalMs } = move.rollout.spec.work;
  const ends = [until, deadlineOf(move.rollout)].filter((end) => end !== null && end > at);
  return wake(move, Math.min(at + intervalMs, ...ends.flatMap((end) => (end === null ? [] : [end]))));
}

/** A timer for the phase's deadline, so that it ends even if the action under way is never answered. */
export function guardProgress(move: Move): Move {
  const dueAt = deadlineOf(move.rollout);
  return dueAt === null ? move : command(move, { kind: 'set-timer', dueAt });
}

/** A person wants it, or all clusters, to wait before `next`; null: nobody does. */
function waitIfWished(move: Move, next: HeldBefore, at: number): Move | null {
  const { wish, saidOfAll } = move.rollout;
  if (wish !== undefined) return waitForPerson(move, next, wish, at);
  if (saidOfAll?.hold === undefined) return null;
  return waitForPerson(move, next, { ...saidOfAll.hold, word: saidOfAll.word }, at);
}

/** Holds before `next` until a person resumes; what is measured meanwhile still rolls it back. */
export function waitForPerson(
  move: Move,
  next: HeldBefore,
  { by, reason, word }: Pick<SteerEvent, 'by' | 'reason' | 'word'>,
  at: number,
): Move {
  const { wish: _, ...rollout } = move.rollout;
  const held = { by, reason, next, ...(word === undefined ? {} : { word }) };
  const entered = enter({ ...move, rollout }, { name: 'paused', since: at, until: null, held });
  const decided = decideTo(entered, 'hold', at, reason, by, rollout.verdict);
  const remedy =
    word === undefined ? 'resume to go on, or abort' : 'with all clusters, until they are resumed';
  return lookOn(say(decided, `held by ${by}: ${reason} (${remedy})`), at, null);
}

/** The weight stays; what else reaches the new version changes. */
function choose(move: Move, changes: Partial<ChosenTraffic>, at: number): Move {
  const { spec, traffic: before = nothingChosen } = move.rollout;
  const traffic = { ...before, ...changes };
  const entered = enter(move, { name: 'setting-weight', since: at });
  const said = say(entered, `giving ${spec.version} ${chosenInWords(traffic)}`);
  return shift(guardProgress(change(said, { traffic })), at);
}

function setWeight(move: Move, percent: number, at: number): Move {
  const entered = enter(move, { name: 'setting-weight', since: at });
  const { spec } = move.rollout;
  const news = [
    `giving ${spec.version} ${formatPercent(percent)} of the traffic`,
    ...outlook(move.rollout, percent),
  ];
  const said = news.reduce(say, entered);
  return shift(guardProgress(change(said, { weightPercent: percent })), at);
}

/** A second analysis at the same weight needs evidence of its own. */
function repeatsAnalysis({ spec }: Rollout, index: number): boolean {
  const before = spec.work.steps.slice(0, index);
  const lastChange = before.findLastIndex((step) => step.kind.startsWith('set-'));
  return before.slice(lastChange + 1).some((step) => step.kind === 'analysis');
}

function approvalRequest(
  { spec }: Rollout,
  approval: {
    readonly by: readonly string[];
    readonly count: number;
    readonly withinMs: number;
    readonly notAuthor: boolean;
  },
): string {
  const people = `${approval.count} ${approval.count === 1 ? 'approval' : 'approvals'}`;
  const who = approval.by.length === 0 ? '' : ` by ${approval.by.join(' or ')}`;
  const not = approval.notAuthor ? `, not by the author ${spec.author}` : '';
  return `waiting for ${people}${who}${not}, within ${formatDuration(approval.withinMs)}`;
}
