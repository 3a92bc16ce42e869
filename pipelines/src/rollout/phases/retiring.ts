import { succeed } from '../endings.ts';
import { guardProgress } from '../enter-step.ts';
import { formatDuration } from '../figures.ts';
import { act, change, enter, say, stay, wake, type Move } from '../move.ts';
import { absorb } from '../reading.ts';
import type { Rollout } from '../rollout-state.ts';
import { readinessPollMs } from '../timing.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { describe, retry } from './retry.ts';

/** From the first `retire-old` on there is no way back: the old version may be gone already. */
export const retiring: PhaseRules<PhaseNamed<'retiring'>> = {
  done: (before, _phase, done, _what, at) => {
    const rollout = absorb(before, done);
    const { version } = rollout.spec;
    if (done.facts.canary !== null) return askAgain(rollout, at);
    const address = done.facts.address === null ? '' : ` at ${done.facts.address}`;
    return succeed(rollout, `${version} is the stable version now${address}`, at);
  },
  failed: (rollout, _phase, failed, what, at) => retry(rollout, what, describe(failed, what), at),
  woken: (rollout) => act(stay(rollout), { kind: 'retire-old' }),
  overdue: (rollout, _phase, at) => {
    const { spec, replaces } = rollout;
    const line = `${spec.version} has all the traffic, but ${replaces ?? 'what was there before'} could not be removed: remove it by hand`;
    return succeed(rollout, line, at);
  },
};

/** Pods that take the place of the old version's have to start first. */
function askAgain(rollout: Rollout, at: number): Move {
  const { tries, replaces } = rollout;
  const line = `${replaces ?? 'what was there before'} is being replaced; ${rollout.spec.version} serves meanwhile`;
  const asked = wake(tries === 0 ? say(stay(rollout), line) : stay(rollout), at + readinessPollMs);
  return change(asked, { tries: tries + 1 });
}

/** Open connections to the old version get `drainMs` to end. */
export function startRetiring(rollout: Rollout, at: number): Move {
  const { drainMs } = rollout.spec.work;
  const entered = guardProgress(enter(stay(rollout), { name: 'retiring', since: at }));
  if (rollout.replaces === null || drainMs === 0) return act(entered, { kind: 'retire-old' });
  return wake(say(entered, `draining ${rollout.replaces} for ${formatDuration(drainMs)}`), at + drainMs);
}

/** True once the old version may have been touched. */
export function isPastReturn({ phase, pending, failures, tries }: Rollout): boolean {
  return phase.name === 'retiring' && (failures > 0 || tries > 0 || pending !== null);
}
