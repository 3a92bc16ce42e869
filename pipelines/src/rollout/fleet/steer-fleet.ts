// What people do to a rollout over several clusters: they hold all of them, let them go on, and promote a wave.
import { change, command, decideTo, say, stay, andThen, type Move } from '../move.ts';
import { isRepeated } from '../people.ts';
import type { Rollout, RolloutCommand, SteerEvent } from '../rollout-state.ts';
import { beginWave } from './begin-wave.ts';
import { fleetOf, standings, withoutHold } from './clusters.ts';
import { whyFleetNotHeld, whyWaveNotPromoted } from './steering-fleet.ts';

type Wish = Extract<RolloutCommand, { readonly kind: 'steer-cluster' }>['wish'];

/** No other wave begins, and what is under way waits where it can. What goes back goes on. */
export function holdFleet(rollout: Rollout, event: SteerEvent): Move {
  if (whyFleetNotHeld(rollout) !== null || isRepeated(rollout, event)) return stay(rollout);
  const { by, reason, at } = event;
  const word = nextWord(rollout);
  const held = change(stay(rollout), { fleet: { ...fleetOf(rollout), held: { by, reason, word } } });
  const decided = decideTo(held, 'hold', at, reason, by);
  const line = `${by} holds it: no other wave begins, and what is under way waits: ${reason} (resume to go on, or abort)`;
  return steerWave(say(decided, line), 'hold', event);
}

/** What this hold has held goes on, and the wave whose turn it is begins. */
export function resumeFleet(rollout: Rollout, event: SteerEvent): Move {
  if (isRepeated(rollout, event)) return stay(rollout);
  const { by, reason, at } = event;
  const { phase } = rollout;
  const decided = decideTo(withoutHold(rollout), 'resume', at, reason, by);
  const resumed = steerWave(say(decided, `resumed by ${by}: ${reason}`), 'resume', event);
  const next = phase.name === 'paused' ? phase.held?.next : undefined;
  return next?.kind === 'wave' ? andThen(resumed, (free) => beginWave(free, next.wave, at)) : resumed;
}

/** Clusters that are under way are promoted without the steps that are left to them; later waves keep all of theirs. */
export function promoteWave(rollout: Rollout, event: SteerEvent): Move {
  if (whyWaveNotPromoted(rollout) !== null || isRepeated(rollout, event)) return stay(rollout);
  const { by, reason, at } = event;
  const decided = decideTo(stay(rollout), 'promote', at, reason, by);
  const line = `${by} promotes the clusters under way without the steps that are left: ${reason}`;
  return steerWave(say(decided, line), 'promote', event);
}

/**
 * What a rollout hears first that begins when people have said something of all clusters: whether they are held now. No
 * earlier word means it, however late it comes.
 */
export function saidBefore(leader: Rollout, at: number): readonly SteerEvent[] {
  const { words: word, held } = fleetOf(leader);
  if (word === undefined) return [];
  return held === undefined
    ? [{ kind: 'resume-requested', by: 'sluice', reason: 'nobody holds all clusters', at, word }]
    : [{ kind: 'hold-requested', by: held.by, reason: held.reason, at, word }];
}

/** Tells each cluster that is under way; one whose rollout is not made yet begins as the leader stands then. */
function steerWave(move: Move, wish: Wish, { by, reason, at }: SteerEvent): Move {
  const word = nextWord(move.rollout);
  const { rollout } = move;
  const heard = change(move, { fleet: { ...fleetOf(rollout), words: word }, lastWord: { by, at } });
  const underWay = standings(rollout).filter(({ status }) => status === 'delivering');
  return underWay.reduce(
    (told, { name, round }) =>
      command(told, { kind: 'steer-cluster', cluster: name, round, wish, word, by, reason }),
    heard,
  );
}

const nextWord = (rollout: Rollout): number => (fleetOf(rollout).words ?? 0) + 1;
