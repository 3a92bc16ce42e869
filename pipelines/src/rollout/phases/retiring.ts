import { succeed } from '../endings.ts';
import { guardProgress, lookOn } from '../enter-step.ts';
import { formatDuration } from '../figures.ts';
import { act, change, enter, say, stay, wake, type Move } from '../move.ts';
import { absorb } from '../reading.ts';
import type { Rollout } from '../rollout-state.ts';
import { readinessPollMs } from '../timing.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { describe, retry } from './retry.ts';

/** From the first `retire-old` on there is no way back: the old version may be gone already. */
export const retiring: PhaseRules<PhaseNamed<'retiring'>> = {
  done: (before, phase, done, what, at) => {
    const rollout = absorb(before, done);
    if (what.kind === 'observe') return drainOn(rollout, phase, at);
    const { version } = rollout.spec;
    if (done.facts.canary !== null) return askAgain(rollout, at);
    const address = done.facts.address === null ? '' : ` at ${done.facts.address}`;
    return succeed(rollout, `${version} is the stable version now${address}`, at);
  },
  failed: (rollout, phase, failed, what, at) =>
    what.kind === 'observe' ? drainOn(rollout, phase, at) : retry(rollout, what, describe(failed, what), at),
  woken: (rollout, phase, at) =>
    act(stay(rollout), { kind: at < drainedAt(rollout, phase) ? 'observe' : 'retire-old' }),
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
  const said = say(entered, `draining ${rollout.replaces} for ${formatDuration(drainMs)}`);
  return rollout.spec.work.guard === undefined ? wake(said, at + drainMs) : act(said, { kind: 'observe' });
}

/** A guard hears of the engine meanwhile. */
function drainOn(rollout: Rollout, phase: PhaseNamed<'retiring'>, at: number): Move {
  const end = drainedAt(rollout, phase);
  return at >= end ? act(stay(rollout), { kind: 'retire-old' }) : lookOn(stay(rollout), at, end);
}

const drainedAt = ({ spec, replaces }: Rollout, { since }: PhaseNamed<'retiring'>): number =>
  replaces === null ? since : since + spec.work.drainMs;

/** True once the old version may have been touched. */
export function isPastReturn({ phase, pending, failures, tries }: Rollout): boolean {
  const isAsked = pending !== null && pending.what.kind === 'retire-old';
  return phase.name === 'retiring' && (failures > 0 || tries > 0 || isAsked);
}
