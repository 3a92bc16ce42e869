import { because, rollBack } from '../endings.ts';
import { enterStep, promote } from '../enter-step.ts';
import { formatDuration } from '../figures.ts';
import { askHooks } from '../hooks.ts';
import { act, say, stay, andThen, wake, type Move } from '../move.ts';
import { absorb, isReady } from '../reading.ts';
import type { Rollout } from '../rollout-state.ts';
import { readinessPollMs } from '../timing.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { retryOrRollBack } from './retry.ts';

/** The new version starts beside the old one; nothing else happens until all its replicas are ready. */
export const deploying: PhaseRules<PhaseNamed<'deploying'>> = {
  done: (before, phase, done, _what, at) => {
    const rollout = absorb(before, done);
    const { canary } = done.facts;
    const { version } = rollout.spec;
    if (canary !== null && canary.problem !== null) {
      return rollBack(rollout, because(`${version} does not start: ${canary.problem}`), at);
    }
    if (!isReady(canary)) return wake(progress(before, rollout), at + readinessPollMs);
    const line = `${version} is ready after ${formatDuration(at - phase.since)}: ${replicas(rollout)}`;
    return andThen(say(stay(rollout), line), (ready) => begin(ready, at));
  },
  failed: (rollout, _phase, failed, what, at) => retryOrRollBack(rollout, failed, what, at),
  woken: (rollout) => act(stay(rollout), { kind: 'observe' }),
  overdue: (rollout, phase, at) => {
    const waited = formatDuration(at - phase.since);
    return rollBack(
      rollout,
      because(`${rollout.spec.version} was not ready after ${waited}: ${replicas(rollout)}`),
      at,
    );
  },
};

function begin(rollout: Rollout, at: number): Move {
  return askHooks(stay(rollout), 'pre-rollout', { since: at }, (next) => beginSteps(next, at));
}

/** The new version may have traffic. */
export function beginSteps(rollout: Rollout, at: number): Move {
  if (rollout.replaces === null) {
    return promote(
      rollout,
      at,
      'first deployment here, there is nothing to compare with, so no step applies',
    );
  }
  const { strategy } = rollout.spec.work;
  return strategy === 'rolling' || strategy === 'recreate'
    ? promote(rollout, at, 'all replicas are ready')
    : enterStep(rollout, 0, at);
}

/** One line whenever the number of ready replicas changes. */
function progress(before: Rollout, rollout: Rollout): Move {
  const hasNews =
    before.facts?.canary?.ready !== rollout.facts?.canary?.ready ||
    before.facts?.canary?.replicas !== rollout.facts?.canary?.replicas;
  return hasNews ? say(stay(rollout), `${rollout.spec.version}: ${replicas(rollout)}`) : stay(rollout);
}

function replicas({ facts }: Rollout): string {
  const canary = facts?.canary ?? null;
  return canary === null ? 'no replica exists yet' : `${canary.ready} of ${canary.replicas} replicas ready`;
}
