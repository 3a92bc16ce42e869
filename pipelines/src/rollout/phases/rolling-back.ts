// `rolling-back` and `rollback-blocked`: it never gives up, it only gets slower and calls a person.
import { askRollBack, endRolledBack } from '../endings.ts';
import { change, decideTo, enter, say, stay, wake, type Move } from '../move.ts';
import { absorb, isReady } from '../reading.ts';
import type { Rollout, TargetFacts } from '../rollout-state.ts';
import { blockedRetryMs, readinessPollMs, roundsOf } from '../timing.ts';
import { matchInWords, nothingChosen } from '../traffic.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { describe, retry } from './retry.ts';

/** Failures in a row after which a person is called. */
const mostFailures = 5;
/** Replicas of the new version may take this many looks to end. */
const mostTries = 60;

export const rollingBack: PhaseRules<PhaseNamed<'rolling-back'>> = {
  done: (before, phase, done, what, at) => {
    const rollout = absorb(before, done);
    if (what.kind !== 'roll-back') return askRollBack(stay(rollout));
    const unfinished = whyUnfinished(rollout, done.facts);
    if (unfinished === null) return endRolledBack(rollout, phase, at);
    const tries = rollout.tries + 1;
    if (tries >= mostTries * roundsOf(rollout)) return block(rollout, phase, unfinished, at);
    return change(wake(stay(rollout), at + readinessPollMs), { tries, retrying: what });
  },
  failed: (rollout, phase, failed, what, at) => {
    if (what.kind !== 'roll-back') return askRollBack(stay(rollout));
    const problem = describe(failed, what);
    const isHopeless = !failed.retryable || rollout.failures + 1 >= mostFailures;
    return isHopeless ? block(rollout, phase, problem, at) : retry(rollout, what, problem, at);
  },
  woken: (rollout) => askRollBack(stay(rollout)),
  overdue: (rollout) => askRollBack(say(stay(rollout), 'the change under way does not end; going ahead')),
};

export const rollbackBlocked: PhaseRules<PhaseNamed<'rollback-blocked'>> = {
  done: (before, phase, done, _what, at) => {
    const rollout = absorb(before, done);
    const unfinished = whyUnfinished(rollout, done.facts);
    return unfinished === null
      ? endRolledBack(rollout, phase, at)
      : stayBlocked(rollout, phase, unfinished, at);
  },
  failed: (rollout, phase, failed, what, at) => stayBlocked(rollout, phase, describe(failed, what), at),
  woken: (rollout) => askRollBack(stay(rollout)),
  overdue: (rollout) => stay(rollout),
};

/** Read back, not believed: the new version is gone and the old one has the traffic. */
function whyUnfinished({ spec, replaces }: Rollout, { stable, canary, traffic }: TargetFacts): string | null {
  if (canary !== null) return `${spec.version} is still there, with ${canary.weightPercent} % of the traffic`;
  if (replaces === null) return null;
  if (stable === null) return `${replaces} is gone from the target`;
  // Elsewhere the old version has served all the time; here it has to start.
  if (spec.work.strategy === 'recreate' && !isReady(stable)) {
    return `${replaces} has started again, and ${stable.ready} of its ${stable.replicas} replicas are ready`;
  }
  if (stable.weightPercent < 99.5) return `${replaces} has only ${stable.weightPercent} % of the traffic`;
  const { match, mirrorPercent } = traffic ?? nothingChosen;
  if (match.length > 0) return `${matchInWords(match)} are still chosen for ${spec.version}`;
  return mirrorPercent > 0
    ? `${mirrorPercent} % of the requests are still mirrored to ${spec.version}`
    : null;
}

function block(rollout: Rollout, phase: PhaseNamed<'rolling-back'>, problem: string, at: number): Move {
  const { name: _, ...cause } = phase;
  const entered = enter(stay(rollout), { ...cause, name: 'rollback-blocked', since: at, problem });
  const decided = decideTo(entered, 'hold', at, `the roll-back is blocked: ${problem}`);
  const line = `the roll-back of ${rollout.spec.version} is blocked, someone has to look: ${problem}; it is tried again every minute`;
  return wake(say(decided, line), at + blockedRetryMs);
}

function stayBlocked(
  rollout: Rollout,
  phase: PhaseNamed<'rollback-blocked'>,
  problem: string,
  at: number,
): Move {
  const still = change(say(stay(rollout), `still blocked: ${problem}`), { phase: { ...phase, problem } });
  return wake(still, at + blockedRetryMs);
}
