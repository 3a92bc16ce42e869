import { whyBudgetSpent } from '../blast-budget.ts';
import { because, rollBack } from '../endings.ts';
import { lookOn } from '../enter-step.ts';
import { act, change, say, stay, andThen, type Move } from '../move.ts';
import { absorb, whyUnhealthy } from '../reading.ts';
import type { Rollout } from '../rollout-state.ts';
import { look, looksAfter } from '../look.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { startRetiring } from './retiring.ts';
import { describe } from './retry.ts';

/** The new version has all the traffic and the old one waits: a way back that costs nothing. */
export const baking: PhaseRules<PhaseNamed<'baking'>> = {
  done: (before, phase, done, _what, at) => {
    const rollout = absorb(before, done);
    const unhealthy = whyUnhealthy(rollout);
    const spent = unhealthy ?? whyBudgetSpent(rollout);
    if (spent !== null) return rollBack(rollout, because(spent), at);
    const verdict = done.observation === null ? null : look(rollout, 'afterwards');
    const looks = verdict === null ? (rollout.looks ?? {}) : looksAfter(rollout, verdict);
    const judged = { ...rollout, verdict: verdict ?? rollout.verdict, looks };
    if (verdict?.kind === 'fail') return rollBack(judged, because(verdict.reason, verdict), at);
    return watch(judged, phase, at);
  },
  failed: (rollout, phase, failed, what, at) => {
    const counted = change(stay(rollout), { failures: rollout.failures + 1 });
    const noted = rollout.failures === 0 ? say(counted, `${describe(failed, what)}; looking again`) : counted;
    return andThen(noted, (next) => watch(next, phase, at));
  },
  woken: (rollout, phase, at) =>
    at >= phase.until ? startRetiring(rollout, at) : act(stay(rollout), { kind: 'observe' }),
  overdue: (rollout) => stay(rollout),
};

function watch(rollout: Rollout, phase: PhaseNamed<'baking'>, at: number): Move {
  return at >= phase.until ? startRetiring(rollout, at) : lookOn(stay(rollout), at, phase.until);
}
