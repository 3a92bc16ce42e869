// The environment is frozen: nothing goes forward until the freeze ends, the windows are changed or somebody breaks
// the glass. What runs already is watched as in every soak, and a verdict of `fail` rolls back at once.
import { begin } from '../begin.ts';
import { enterStep, promote } from '../enter-step.ts';
import { beginWave } from '../fleet/begin-wave.ts';
import { freezeAgain, isHeld, watchFreeze } from '../freeze.ts';
import { change, decideTo, say, stay, andThen, type Move } from '../move.ts';
import type { Rollout, RolloutEvent } from '../rollout-state.ts';
import type { PhaseNamed, PhaseRules } from './phase-rules.ts';
import { soak } from './soaking.ts';

const soaking = soak<PhaseNamed<'frozen'>>({
  endOf: (phase) => phase.until,
  judged: (rollout, phase, _verdict, at) =>
    isHeld(rollout, at) ? watchFreeze(stay(rollout), at) : thaw(rollout, phase, at),
  ended: (rollout, phase, at) => thaw(rollout, phase, at),
});

export const frozen: PhaseRules<PhaseNamed<'frozen'>> = {
  ...soaking,
  woken: (rollout, phase, at) =>
    phase.next.kind === 'start' || phase.next.kind === 'wave'
      ? thaw(rollout, phase, at)
      : soaking.woken(rollout, phase, at),
};

/** Other windows hold for a rollout from now on. */
export function changeFreeze(
  rollout: Rollout,
  { freeze, at }: Extract<RolloutEvent, { kind: 'freeze-changed' }>,
): Move {
  if (JSON.stringify(rollout.freeze) === JSON.stringify(freeze)) return stay(rollout);
  const changed = { ...rollout, freeze };
  return changed.phase.name === 'frozen' ? thaw(changed, changed.phase, at) : stay(changed);
}

/** A person lets this one rollout through every freeze from now on. */
export function breakGlass(
  rollout: Rollout,
  { by, reason, at }: Extract<RolloutEvent, { kind: 'glass-broken' }>,
): Move {
  if (!isHeld(rollout, at)) return stay(rollout);
  const passing = change(stay(rollout), { passesFreeze: { by, at, reason } });
  const decided = decideTo(passing, 'break-glass', at, reason, by, rollout.verdict);
  const said = say(decided, `${by} lets it through the freeze: ${reason}`);
  return andThen(said, (next) => (next.phase.name === 'frozen' ? goOn(next, next.phase, at) : stay(next)));
}

function thaw(rollout: Rollout, phase: PhaseNamed<'frozen'>, at: number): Move {
  const still = freezeAgain(stay(rollout), at);
  if (still !== null) return still;
  const reason = `${rollout.spec.environment} is not frozen any more`;
  const decided = decideTo(stay(rollout), 'thaw', at, reason);
  return andThen(say(decided, `${reason}: going on`), (next) => goOn(next, phase, at));
}

/** The time of the freeze does not count towards the deadline. */
function goOn(rollout: Rollout, phase: PhaseNamed<'frozen'>, at: number): Move {
  const late = { ...rollout, frozenMs: (rollout.frozenMs ?? 0) + at - phase.since };
  switch (phase.next.kind) {
    case 'start':
      return begin(late, at);
    case 'step':
      return enterStep(late, phase.next.step, at);
    case 'promotion':
      return promote(late, at, phase.next.reason);
    case 'wave':
      return beginWave(late, phase.next.wave, at);
  }
}
