// What people do to a rollout: they vote, hold it, let it go on, and promote it before its steps are done.
import type { ApprovalRule } from '../language/definition.ts';
import type { ApprovalVote } from '../run/run-state.ts';
import { rollBack } from './endings.ts';
import { enterStep, promote, waitForPerson } from './enter-step.ts';
import { change, decideTo, say, stay, andThen, type Move } from './move.ts';
import type { HeldBefore, Rollout, SteerEvent } from './rollout-state.ts';
import { whyNotHeld, whyNotPromoted, whyNotResumed } from './steering.ts';

/**
 * Counts a vote for the approval that is waited for. Whether the person holds one of the roles in `by` is checked by
 * the server, which knows the roles; here everyone counts once, and the author not at all where the rule says so.
 * One rejection ends the rollout.
 */
export function vote(rollout: Rollout, cast: ApprovalVote, at: number): Move {
  const { phase, spec } = rollout;
  const step = spec.work.steps[rollout.step];
  if (phase.name !== 'awaiting-approval' || step?.kind !== 'approve' || at >= phase.expiresAt)
    return stay(rollout);
  if (isRepeated(rollout, { by: cast.by, at })) return stay(rollout);
  if (cast.verdict === 'rejected') return reject(rollout, cast, at);
  if (rollout.votes.some((earlier) => earlier.by === cast.by)) return stay(rollout);
  if (step.approval.notAuthor && cast.by === spec.author) {
    return say(stay(rollout), `the approval by ${cast.by} does not count: the author may not approve`);
  }
  return approve(rollout, cast, step.approval, at);
}

/** A person wants it to wait: at once where time passes, else before the next step or the promotion. */
export function holdBack(rollout: Rollout, event: SteerEvent): Move {
  if (whyNotHeld(rollout) !== null) return stay(rollout);
  const { by, reason, at } = event;
  const { phase, step } = rollout;
  if (isRepeated(rollout, { by, at })) return stay(rollout);
  const heard = change(stay(rollout), { lastWord: { by, at } });
  if (phase.name === 'analysing') return waitForPerson(heard, { kind: 'step', step }, event, at);
  if (phase.name === 'paused') return waitForPerson(heard, { kind: 'step', step: step + 1 }, event, at);
  const wished = change(heard, { wish: { by, reason } });
  return say(wished, `${by} has it wait before the next step: ${reason}`);
}

/** A person takes what the steps that are left would have shown upon them; hooks and freezes still have their say. */
export function promoteEarly(rollout: Rollout, event: SteerEvent): Move {
  if (whyNotPromoted(rollout) !== null) return stay(rollout);
  const { by, at } = event;
  if (isRepeated(rollout, { by, at })) return stay(rollout);
  return promoteBy(change(letGo(rollout), { lastWord: { by, at } }), event);
}

/** Where it may be promoted, it is. */
export function promoteBy(heard: Move, { by, reason, at }: SteerEvent): Move {
  const decided = decideTo(heard, 'promote', at, reason, by, heard.rollout.verdict);
  const said = say(decided, `${by} promotes it without the steps that are left: ${reason}`);
  return andThen(said, (next) => promote(next, at, `${by}: ${reason}`));
}

/** A person goes on from a pause, or takes the responsibility where the evidence was not enough. */
export function resume(rollout: Rollout, event: SteerEvent): Move {
  const { phase } = rollout;
  if (whyNotResumed(rollout) !== null) return stay(rollout);
  const { by, at } = event;
  if (isRepeated(rollout, { by, at })) return stay(rollout);
  const held = phase.name === 'paused' ? phase.held : undefined;
  const free = held?.word === undefined ? stay(rollout) : letGo(rollout);
  return goOnFrom(change(free, { lastWord: { by, at } }), held?.next, event);
}

/** Goes on with what it was held before; `next` is absent where its own step, or the gate, had it wait. */
export function goOnFrom(
  heard: Move,
  next: HeldBefore | undefined,
  { by, reason, at }: Pick<SteerEvent, 'by' | 'reason' | 'at'>,
): Move {
  const decided = decideTo(heard, 'resume', at, reason, by, heard.rollout.verdict);
  return andThen(say(decided, `resumed by ${by}: ${reason}`), (resumed) =>
    next?.kind === 'promotion'
      ? promote(resumed, at, next.reason)
      : enterStep(resumed, next?.kind === 'step' ? next.step : resumed.step + 1, at),
  );
}

/** What a person says of one cluster goes before what was said of all. */
function letGo(rollout: Rollout): Move {
  const { saidOfAll } = rollout;
  return change(stay(rollout), saidOfAll === undefined ? {} : { saidOfAll: { word: saidOfAll.word } });
}

/** The word that led into this phase, told a second time, must not be taken for one about this phase. */
export function isRepeated({ lastWord }: Rollout, word: NonNullable<Rollout['lastWord']>): boolean {
  return lastWord?.by === word.by && lastWord.at === word.at;
}

function approve(rollout: Rollout, cast: ApprovalVote, rule: ApprovalRule, at: number): Move {
  const votes = [...rollout.votes, cast];
  const counted = change(stay(rollout), { votes, lastWord: { by: cast.by, at } });
  const said = say(counted, `approved by ${cast.by} (${votes.length} of ${rule.count})${quoted(cast)}`);
  const decided = decideTo(said, 'approve', at, cast.reason ?? 'approved', cast.by, rollout.verdict);
  const isEnough = votes.length >= rule.count;
  return isEnough ? andThen(decided, (approved) => enterStep(approved, approved.step + 1, at)) : decided;
}

function reject(rollout: Rollout, cast: ApprovalVote, at: number): Move {
  const counted = change(stay(rollout), { votes: [...rollout.votes, cast] });
  const decided = decideTo(counted, 'reject', at, cast.reason ?? 'rejected', cast.by, rollout.verdict);
  const cause = {
    reason: `rejected by ${cast.by}${quoted(cast)}`,
    by: cast.by,
    cancelled: false,
    verdict: null,
  };
  return andThen(decided, (rejected) => rollBack(rejected, cause, at));
}

const quoted = ({ reason }: ApprovalVote): string => (reason === null ? '' : `: ${reason}`);
