import { refuseIfFrozen } from '../begin.ts';
import { holdIfFrozen } from '../freeze.ts';
import { change, command, decideTo, enter, say, stay, type Move } from '../move.ts';
import type { Rollout } from '../rollout-state.ts';
import { fleetOf, setCluster, wavesOf } from './clusters.ts';
import { listed } from './plan-waves.ts';

/** Begins with the first wave, unless the environment is frozen: then it waits or is refused, as its rules say. */
export function beginFleet(rollout: Rollout, at: number): Move {
  return refuseIfFrozen(rollout, at) ?? beginWave(rollout, 0, at);
}

/** All clusters of the wave at once, each with a rollout of its own; a person or a freeze holds them before any has begun. */
export function beginWave(rollout: Rollout, wave: number, at: number): Move {
  const next = change(stay(rollout), { fleet: { ...fleetOf(rollout), wave } });
  const waiting = waitIfHeld(next, wave, at);
  if (waiting !== null) return waiting;
  const frozen = holdIfFrozen(next, { kind: 'wave', wave }, at);
  if (frozen !== null) return frozen;
  const names = (wavesOf(rollout)[wave] ?? []).map(({ name }) => name);
  const which = `wave ${wave + 1} of ${wavesOf(rollout).length}`;
  const entered = enter(next, { name: 'delivering', since: at, wave });
  const said = say(entered, `${which}: ${rollout.spec.version} goes to ${listed(names)}`);
  const decided = decideTo(said, 'continue', at, `${which} begins: ${listed(names)}`);
  return names.reduce(
    (move, cluster) =>
      command(setCluster(move, cluster, { status: 'delivering', round: 0, note: null }, at), {
        kind: 'start-cluster',
        cluster,
        round: 0,
      }),
    decided,
  );
}

/** Null: nobody holds the rollout. That it is held was decided when a person said so. */
function waitIfHeld(move: Move, wave: number, at: number): Move | null {
  const { held } = fleetOf(move.rollout);
  if (held === undefined) return null;
  const next = { kind: 'wave', wave } as const;
  const entered = enter(move, { name: 'paused', since: at, until: null, held: { ...held, next } });
  return say(entered, `held by ${held.by} before wave ${wave + 1}: ${held.reason}`);
}
