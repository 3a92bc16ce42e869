// The machine of a rollout over several clusters: it leads one rollout a cluster, wave by wave.
//
//   planned ─► [ frozen | paused ─► ] delivering (wave 1) ─► … ─► delivering (wave n) ─► succeeded
//   planned ─► refused            │ a cluster fails, a person aborts
//                                 ├─► rolling-back ─► rolled-back
//                                 │        └─► rollback-blocked (call a person) ─► stopped (given up)
//                                 └─► stopped (on_failure: stop, when the wave has ended)
//
// A person who holds it while a wave is under way is told to each of its clusters (steer-fleet.ts); it is `paused` itself
// only where the next wave would begin.
// A cluster's rollout is an ordinary one (rollout-state.ts) that tells what it comes to (cluster-news.ts).
import { unreachable } from '../../result.ts';
import { andThen, command, decideTo, say, stay, type Move } from '../move.ts';
import { breakGlass, changeFreeze, frozen } from '../phases/frozen.ts';
import type { Rollout, RolloutEvent, SteerEvent } from '../rollout-state.ts';
import { beginFleet } from './begin-wave.ts';
import { hearCluster } from './hear-cluster.ts';
import { fleetOf, newFleet, setCluster, standings, wavesOf } from './clusters.ts';
import { putBack, returnFleet } from './return-fleet.ts';
import { settleFleet } from './settle-fleet.ts';
import { holdFleet, promoteWave, resumeFleet } from './steer-fleet.ts';

/** Folds one event into a rollout whose `spec.waves` is there and that has not ended. */
export function advanceFleet(rollout: Rollout, event: RolloutEvent): Move {
  switch (event.kind) {
    case 'started':
      return rollout.phase.name === 'planned' ? start(rollout, event) : stay(rollout);
    case 'cluster-changed':
      return settleFleet(hearCluster(rollout, event), event.at);
    case 'tick':
      return tick(rollout, event.at);
    case 'freeze-changed':
      return changeFreeze(rollout, event);
    case 'glass-broken':
      return breakGlass(rollout, event);
    case 'hold-requested':
      return holdFleet(rollout, event);
    case 'promote-requested':
      return promoteWave(rollout, event);
    case 'resume-requested':
      return fleetOf(rollout).held === undefined ? tryAgain(rollout, event) : resumeFleet(rollout, event);
    case 'abort-requested':
      return abort(rollout, event);
    case 'give-up-requested':
      return giveUp(rollout, event);
    // Of single clusters: their own rollouts hear them.
    case 'action-finished':
    case 'voted':
      return stay(rollout);
    default:
      return unreachable(event);
  }
}

function start(rollout: Rollout, { at, freeze }: Extract<RolloutEvent, { kind: 'started' }>): Move {
  const fleet = newFleet(wavesOf(rollout), at);
  const { version, environment } = rollout.spec;
  const count = Object.keys(fleet.clusters).length;
  const begun = say(
    stay({ ...rollout, fleet, ...(freeze === undefined ? {} : { freeze }) }),
    `rolling out ${version} to ${environment}: ${count} clusters in ${wavesOf(rollout).length} waves`,
  );
  return andThen(begun, (next) => beginFleet(next, at));
}

function tick(rollout: Rollout, at: number): Move {
  const { phase, wakeAt } = rollout;
  if (phase.name !== 'frozen' || wakeAt === null || at < wakeAt) return stay(rollout);
  return frozen.woken({ ...rollout, wakeAt: null }, phase, at);
}

/** A person has the clusters tried again in which what was there before could not be put back. */
function tryAgain(rollout: Rollout, { by, reason, at }: SteerEvent): Move {
  const stuck = standings(rollout).filter(({ status }) => status === 'stuck');
  if (rollout.phase.name !== 'rollback-blocked' || stuck.length === 0) return stay(rollout);
  const decided = decideTo(stay(rollout), 'resume', at, reason, by);
  const again = stuck.reduce((move, { name }) => putBack(move, name, at), decided);
  return settleFleet(again, at);
}

function abort(rollout: Rollout, event: Extract<RolloutEvent, { kind: 'abort-requested' }>): Move {
  const { by, reason, cancelled, at } = event;
  const { name } = rollout.phase;
  if (name === 'rolling-back' || name === 'rollback-blocked') return stay(rollout);
  return settleFleet(returnFleet(rollout, { reason: `${by}: ${reason}`, by, cancelled }, at), at);
}

/** Clusters that cannot be brought back stay as they are; it is over when their own rollouts have ended. */
function giveUp(
  rollout: Rollout,
  { by, reason, at }: Extract<RolloutEvent, { kind: 'give-up-requested' }>,
): Move {
  if (rollout.phase.name !== 'rollback-blocked') return stay(rollout);
  const note = `${by} gave it up: ${reason}`;
  const decided = decideTo(stay(rollout), 'end', at, note, by);
  const left = standings(rollout).reduce((move, { name, status, round }) => {
    if (status === 'stuck') return setCluster(move, name, { status: 'left', round, note }, at);
    if (status !== 'blocked') return move;
    return command(move, { kind: 'leave-cluster', cluster: name, round, by, reason });
  }, decided);
  return settleFleet(left, at);
}
