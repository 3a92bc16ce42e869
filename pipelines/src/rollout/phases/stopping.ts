import { because, rollBack } from '../endings.ts';
import { formatDuration } from '../figures.ts';
import { act, say, stay, andThen, wake } from '../move.ts';
import { absorb } from '../reading.ts';
import { startDeploying } from '../start-deploying.ts';
import { readinessPollMs } from '../timing.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { retryOrRollBack } from './retry.ts';

/** Two versions never run at once, so nobody is served from here until the new one is ready. */
export const stopping: PhaseRules<PhaseNamed<'stopping'>> = {
  done: (before, phase, done, _what, at) => {
    const rollout = absorb(before, done);
    const { stable } = done.facts;
    if (stable !== null && stable.ready > 0) return wake(stay(rollout), at + readinessPollMs);
    const line = `${rollout.replaces ?? 'the old version'} was stopped within ${formatDuration(at - phase.since)}`;
    return andThen(say(stay(rollout), line), (stopped) => startDeploying(stopped, at));
  },
  failed: (rollout, _phase, failed, what, at) => retryOrRollBack(rollout, failed, what, at),
  woken: (rollout) => act(stay(rollout), { kind: 'stop-old' }),
  overdue: (rollout, phase, at) => {
    const waited = formatDuration(at - phase.since);
    const old = rollout.replaces ?? 'the old version';
    return rollBack(rollout, because(`${old} still ran ${waited} after it was told to stop`), at);
  },
};
