// `setting-weight` and `promoting`: traffic is moved, read back, and asked for again until it is where it should be.
import { whyBudgetSpent } from '../blast-budget.ts';
import { because, rollBack } from '../endings.ts';
import { enterStep, lookOn, restartCounting, restartCountingCanary, shift } from '../enter-step.ts';
import { formatDuration, formatPercent } from '../figures.ts';
import { act, change, enter, say, stay, andThen, wake, type Move } from '../move.ts';
import { absorb, isReady, type Done } from '../reading.ts';
import { startRetiring } from './retiring.ts';
import type { Rollout, RolloutAction } from '../rollout-state.ts';
import { readinessPollMs } from '../timing.ts';
import { chosenInWords, isNothing, nothingChosen, wantedTraffic, whyOtherTraffic } from '../traffic.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { retryOrRollBack } from './retry.ts';

type Shifting = PhaseNamed<'setting-weight'> | PhaseNamed<'promoting'>;

/** Asking more often than this for a weight that does not come is pointless. */
const mostTries = 5;

function rules<Phase extends Shifting>(applied: (rollout: Rollout, at: number) => Move): PhaseRules<Phase> {
  return {
    done: (before, _phase, done, what, at) => {
      const rollout = absorb(before, done);
      const { canary } = done.facts;
      if (canary === null || canary.problem !== null) {
        const problem = canary?.problem ?? 'it is gone from the target';
        return rollBack(rollout, because(`${rollout.spec.version} does not run: ${problem}`), at);
      }
      const spent = whyBudgetSpent(rollout);
      if (spent !== null) return rollBack(rollout, because(spent), at);
      if (!isReady(canary)) return wake(stay(rollout), at + readinessPollMs);
      const wrong = whyOtherTraffic(done.facts, wantedTraffic(rollout));
      if (wrong === null) return whenCounted(rollout, done, what, at, applied);
      return what.kind === 'observe' ? shift(stay(rollout), at) : tryAgain(rollout, wrong, at);
    },
    failed: (rollout, _phase, failed, what, at) => retryOrRollBack(rollout, failed, what, at),
    woken: (rollout, _phase, at) =>
      isReady(rollout.facts?.canary ?? null)
        ? shift(stay(rollout), at)
        : act(stay(rollout), { kind: 'observe' }),
    overdue: (rollout, phase, at) => {
      const waited = formatDuration(at - phase.since);
      return rollBack(rollout, because(`${whyOverdue(rollout)} after ${waited}`), at);
    },
  };
}

export const settingWeight = rules<PhaseNamed<'setting-weight'>>((rollout, at) => {
  const actual = formatPercent(rollout.facts?.canary?.weightPercent ?? rollout.weightPercent);
  const { traffic = nothingChosen } = rollout;
  const beside = isNothing(traffic) ? '' : `, and ${chosenInWords(traffic)}`;
  const line = `${rollout.spec.version} has ${actual} of the traffic${beside}`;
  const counting = restartCounting(say(stay(rollout), line));
  return andThen(counting, (counted) => enterStep(counted, counted.step + 1, at));
});

export const promoting = rules<PhaseNamed<'promoting'>>((rollout, at) => {
  const { spec, replaces } = rollout;
  const promoted = say(stay(rollout), `${spec.version} has all the traffic`);
  if (replaces === null) return andThen(promoted, (first) => startRetiring(first, at));
  const until = at + spec.work.bakeMs;
  const entered = enter(restartCountingCanary(promoted), { name: 'baking', until });
  const line = `${replaces} stays whole for ${formatDuration(spec.work.bakeMs)}, in case it is needed again`;
  return lookOn(spec.work.bakeMs > 0 ? say(entered, line) : entered, at, until);
});

/** Where the target can measure, counting begins with counters that were read after the weight was there. */
function whenCounted(
  rollout: Rollout,
  done: Done,
  what: RolloutAction,
  at: number,
  applied: (rollout: Rollout, at: number) => Move,
): Move {
  const needsReading = done.observation === null && what.kind !== 'observe';
  return needsReading ? act(stay(rollout), { kind: 'observe' }) : applied(rollout, at);
}

function tryAgain(rollout: Rollout, wrong: string, at: number): Move {
  const tries = rollout.tries + 1;
  const mismatch = `${rollout.spec.version} ${wrong}`;
  if (tries >= mostTries) {
    return rollBack(rollout, because(`weight-not-applied: ${mismatch}, asked ${tries} times`), at);
  }
  return wake(change(say(stay(rollout), `${mismatch}; asking again`), { tries }), at + readinessPollMs);
}

function whyOverdue(rollout: Rollout): string {
  const { spec, facts } = rollout;
  const canary = facts?.canary ?? null;
  if (canary !== null && !isReady(canary)) {
    return `${spec.version} had ${canary.ready} of ${canary.replicas} replicas ready`;
  }
  const wrong = facts === null ? null : whyOtherTraffic(facts, wantedTraffic(rollout));
  return `weight-not-applied: ${spec.version} ${wrong ?? 'has its traffic, but nothing could be read since'}`;
}
