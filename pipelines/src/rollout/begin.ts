import { refuse } from './endings.ts';
import { freezeInWords, freezeOf, holdIfFrozen } from './freeze.ts';
import { act, enter, say, stay, type Move } from './move.ts';
import type { Rollout } from './rollout-state.ts';
import { deadlineOf, overallDeadline } from './timing.ts';

/** Looks at the target, unless its environment is frozen: then it waits or is refused, as its rules say. */
export function begin(rollout: Rollout, at: number): Move {
  return (
    refuseIfFrozen(rollout, at) ?? holdIfFrozen(stay(rollout), { kind: 'start' }, at) ?? inspect(rollout)
  );
}

/** Where an environment's rules say so; null: nothing is frozen, or it waits. */
export function refuseIfFrozen(rollout: Rollout, at: number): Move | null {
  const freeze = rollout.freeze?.starts === 'refuse' ? freezeOf(rollout, at) : null;
  if (freeze === null) return null;
  return refuse(rollout, freezeInWords(rollout.spec.environment, freeze), at, 'failed');
}

function inspect(rollout: Rollout): Move {
  const { version, environment } = rollout.spec;
  const entered = enter(stay(rollout), { name: 'inspecting' });
  const said = say(entered, `rolling out ${version} to ${environment}`);
  const asked = act(said, { kind: 'inspect' });
  const ends = [deadlineOf(asked.rollout), overallDeadline(asked.rollout)];
  const timers = ends.flatMap((dueAt) => (dueAt === null ? [] : [{ kind: 'set-timer', dueAt } as const]));
  return { rollout: asked.rollout, commands: [...asked.commands, ...timers] };
}
