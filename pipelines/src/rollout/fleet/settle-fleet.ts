// What follows from how the clusters stand: the next wave, the way back, or the end.
import { change, decideTo, enter, finish, say, stay, andThen, type Move } from '../move.ts';
import type { Rollout } from '../rollout-state.ts';
import { beginWave } from './begin-wave.ts';
import { fleetOf, standings, wavesOf, withoutHold } from './clusters.ts';
import type { ClusterState, WaveCluster } from './fleet-state.ts';
import { listed } from './plan-waves.ts';
import { returnFleet } from './return-fleet.ts';

type Standing = WaveCluster & ClusterState;

/** Looks at the clusters after one of them has changed. */
export function settleFleet(move: Move, at: number): Move {
  return andThen(move, (rollout) => {
    switch (rollout.phase.name) {
      case 'delivering':
        return settleWave(rollout, rollout.phase.wave, at);
      case 'rolling-back':
      case 'rollback-blocked':
        return settleReturn(rollout, rollout.phase, at);
      default:
        return stay(rollout);
    }
  });
}

function settleWave(rollout: Rollout, wave: number, at: number): Move {
  const clusters = standings(rollout, wavesOf(rollout)[wave]);
  const failed = clusters.find(({ status }) => hasFailed(status));
  const { halted } = fleetOf(rollout);
  if (failed !== undefined && halted === undefined) return fail(rollout, failed, at);
  if (clusters.some(({ status }) => status === 'delivering' || status === 'returning')) return stay(rollout);
  if (halted !== undefined) return andThen(withoutHold(rollout), (free) => stop(free, halted, at));
  if (wave + 1 < wavesOf(rollout).length) return beginWave(rollout, wave + 1, at);
  return andThen(withoutHold(rollout), (free) => succeed(free, at));
}

const hasFailed = (status: Standing['status']): boolean =>
  status === 'returning' || status === 'returned' || status === 'blocked';

function fail(rollout: Rollout, { name, note }: Standing, at: number): Move {
  const reason = `${name} failed${note === null ? '' : `: ${note}`}`;
  if (rollout.spec.work.onFailure !== 'stop') {
    return settleFleet(returnFleet(rollout, { reason, by: 'judge', cancelled: false }, at), at);
  }
  const halted = change(stay(rollout), { fleet: { ...fleetOf(rollout), halted: reason } });
  const line = `${reason}; the rest of the wave goes on, and no other begins (on_failure: stop)`;
  return settleFleet(say(decideTo(halted, 'hold', at, line), line), at);
}

/** Some clusters have the new version, and stay with it. */
function stop(rollout: Rollout, reason: string, at: number): Move {
  const blocked = standings(rollout).filter(({ status }) => status === 'blocked');
  if (blocked.length > 0) return block(rollout, { reason, cancelled: false }, blocked, at);
  return endStopped(rollout, reason, at);
}

function endStopped(rollout: Rollout, reason: string, at: number): Move {
  const { version } = rollout.spec;
  const message = `stopped: ${reason}; ${whoHas(rollout)}`;
  const entered = enter(stay(rollout), { name: 'stopped', at, reason });
  const said = say(decideTo(entered, 'end', at, message), `${version}: ${message}`);
  return finish(said, { result: 'failed', failure: { class: 'failed', message, exitCode: null } });
}

type Cause = { readonly reason: string; readonly cancelled: boolean };

function settleReturn(
  rollout: Rollout,
  phase: Extract<Rollout['phase'], { readonly name: 'rolling-back' | 'rollback-blocked' }>,
  at: number,
): Move {
  const clusters = standings(rollout);
  const isGoing = clusters.some(({ status }) => status === 'returning' || status === 'delivering');
  const blocked = clusters.filter(({ status }) => status === 'blocked' || status === 'stuck');
  if (isGoing) {
    if (phase.name === 'rolling-back') return stay(rollout);
    const { reason, cancelled } = phase;
    return enter(stay(rollout), { name: 'rolling-back', since: at, reason, cancelled });
  }
  if (blocked.length > 0) return block(rollout, phase, blocked, at);
  const isMixed = fleetOf(rollout).halted !== undefined || clusters.some(({ status }) => status === 'left');
  return isMixed ? endStopped(rollout, phase.reason, at) : endReturned(rollout, phase, at);
}

/** Everything else is done; the clusters that cannot be brought back need a person, or their own return. */
function block(
  rollout: Rollout,
  { reason, cancelled }: Cause,
  blocked: readonly Standing[],
  at: number,
): Move {
  const problem = blocked.map(({ name, note }) => `${name}: ${note ?? 'cannot be rolled back'}`).join('; ');
  const { phase } = rollout;
  if (phase.name === 'rollback-blocked' && phase.problem === problem) return stay(rollout);
  const since = phase.name === 'rollback-blocked' ? phase.since : at;
  const entered = enter(stay(rollout), { name: 'rollback-blocked', since, reason, problem, cancelled });
  const line = `the roll-back is blocked, someone has to look: ${problem}`;
  return say(decideTo(entered, 'hold', at, line), line);
}

function endReturned(rollout: Rollout, { reason, cancelled }: Cause, at: number): Move {
  const kept = standings(rollout).filter(({ status }) => status === 'kept');
  const message = `rolled back ${rollout.spec.version}: ${reason}; ${
    kept.length === 0 ? 'every cluster has what it had before' : whoHas(rollout)
  }`;
  const entered = enter(stay(rollout), { name: 'rolled-back', at, reason });
  return finish(
    say(entered, message),
    cancelled
      ? { result: 'cancelled', reason: message }
      : { result: 'failed', failure: { class: 'failed', message, exitCode: null } },
  );
}

function succeed(rollout: Rollout, at: number): Move {
  const { version, image, environment } = rollout.spec;
  const count = wavesOf(rollout).flat().length;
  const line = `${version} is on all ${count} clusters of ${environment}`;
  const decided = decideTo(stay(rollout), 'promote', at, line);
  const entered = say(enter(decided, { name: 'succeeded', at }), line);
  return finish(entered, { result: 'succeeded', outputs: { version, image, address: '' } });
}

/** `r12-1a2b3c4 is on hz-1, it is not on hz-2, hz-3` */
function whoHas(rollout: Rollout): string {
  const named = (is: (status: Standing['status']) => boolean): readonly string[] =>
    standings(rollout)
      .filter(({ status }) => is(status))
      .map(({ name }) => name);
  const { version } = rollout.spec;
  const left = named((status) => status === 'left');
  const have = named((status) => status === 'delivered' || status === 'kept');
  const others = named((status) => status === 'waiting' || status === 'returned' || status === 'seen');
  const parts = [
    ...(have.length === 0 ? [] : [`${version} is on ${listed(have)}`]),
    ...(others.length === 0 ? [] : [`it is not on ${listed(others)}`]),
    ...(left.length === 0
      ? []
      : [`${listed(left)} ${left.length === 1 ? 'was left as it is' : 'were left as they are'}`]),
  ];
  return parts.join(', ');
}
