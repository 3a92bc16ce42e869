// The way back of a rollout over several clusters.
import { command, decideTo, enter, say, type Move } from '../move.ts';
import type { Rollout } from '../rollout-state.ts';
import { setCluster, standings, withoutHold } from './clusters.ts';

export interface ReturnCause {
  readonly reason: string;
  /** `judge` or a person. */
  readonly by: string;
  readonly cancelled: boolean;
}

/** Every cluster gets back what it had: those under way roll back, those that were promoted get it put back. No hold keeps it. */
export function returnFleet(rollout: Rollout, cause: ReturnCause, at: number): Move {
  const { reason, by, cancelled } = cause;
  const entered = enter(withoutHold(rollout), { name: 'rolling-back', since: at, reason, cancelled });
  const decided = decideTo(entered, 'roll-back', at, reason, by);
  const said = say(decided, `rolling back ${rollout.spec.version} on all clusters: ${reason}`);
  return standings(rollout).reduce((move, { name, status, round }) => {
    switch (status) {
      case 'delivering':
        return command(setCluster(move, name, { status: 'returning', round, note: null }, at), {
          kind: 'return-cluster',
          cluster: name,
          round,
          by: 'sluice',
          reason,
        });
      case 'delivered':
        return putBack(move, name, at);
      default:
        return move;
    }
  }, said);
}

/** A rollout of its own puts back what the cluster had; where nothing was ever deployed, the new version stays. */
export function putBack(move: Move, cluster: string, at: number): Move {
  const found = standings(move.rollout).find(({ name }) => name === cluster);
  if (found === undefined) return move;
  if (found.returnsTo === null) {
    const note = `nothing was deployed there before, so ${move.rollout.spec.version} stays`;
    return say(
      setCluster(move, cluster, { status: 'kept', round: found.round, note }, at),
      `${cluster}: ${note}`,
    );
  }
  const round = found.round + 1;
  const returning = setCluster(move, cluster, { status: 'returning', round, note: null }, at);
  const said = say(returning, `${cluster}: putting ${found.returnsTo} back`);
  return command(said, { kind: 'start-cluster', cluster, round });
}
