import { unreachable } from '../../result.ts';
import { decideTo, say, stay, type Move } from '../move.ts';
import type { Rollout, RolloutEvent } from '../rollout-state.ts';
import { fleetOf, setCluster, standings, wavesOf } from './clusters.ts';
import type { ClusterState } from './fleet-state.ts';
import { listed } from './plan-waves.ts';
import { putBack } from './return-fleet.ts';

type Heard = Extract<RolloutEvent, { readonly kind: 'cluster-changed' }>;

/** Notes what a cluster has come to. News of an earlier round, or of a cluster that has ended, change nothing. */
export function hearCluster(rollout: Rollout, event: Heard): Move {
  const before = fleetOf(rollout).clusters[event.cluster];
  const isAwaited = before?.round === event.round && awaited.includes(before.status);
  if (before === undefined || !isAwaited) return stay(rollout);
  return before.round === 0 ? hearDelivery(rollout, before, event) : hearPutBack(rollout, event);
}

const awaited: readonly ClusterState['status'][] = ['delivering', 'returning', 'blocked'];

function hearDelivery(rollout: Rollout, before: ClusterState, { cluster, news, at }: Heard): Move {
  const isReturning = before.status !== 'delivering';
  const to = (status: ClusterState['status'], note: string | null, line: string): Move =>
    say(setCluster(stay(rollout), cluster, { status, round: 0, note }, at), `${cluster}: ${line}`);
  switch (news.kind) {
    case 'under-way':
      return isReturning ? stay(rollout) : underWay(rollout, before, cluster, news.problem, at);
    case 'asks':
      return isReturning ? stay(rollout) : asks(rollout, cluster, news, at);
    case 'returning':
      return to('returning', news.reason, `rolling back: ${news.reason}`);
    case 'blocked':
      return to('blocked', news.problem, `the roll-back is blocked: ${news.problem}`);
    case 'returned':
      return to('returned', news.reason, 'has what it had before');
    case 'left':
      return to('left', news.reason, 'is left as it is');
    case 'seen':
      return to('seen', null, `${rollout.spec.version} was tried and removed`);
    case 'delivered': {
      const delivered = to('delivered', null, `has ${rollout.spec.version}`);
      // It was past its own return when it was asked to.
      return isReturning ? putBack(delivered, cluster, at) : delivered;
    }
    default:
      return unreachable(news);
  }
}

/** A rollout that puts something back ends well when that is delivered. */
function hearPutBack(rollout: Rollout, { cluster, round, news, at }: Heard): Move {
  const to = (status: ClusterState['status'], note: string | null, line: string): Move =>
    say(setCluster(stay(rollout), cluster, { status, round, note }, at), `${cluster}: ${line}`);
  switch (news.kind) {
    case 'under-way':
    case 'asks':
    case 'returning':
      return stay(rollout);
    case 'blocked':
      return to('blocked', news.problem, `what was there before cannot be put back yet: ${news.problem}`);
    case 'returned':
      return to('stuck', news.reason, `what was there before could not be put back: ${news.reason}`);
    case 'left':
      return to('left', news.reason, 'is left as it is');
    case 'delivered':
    case 'seen':
      return to('returned', null, 'has what it had before');
    default:
      return unreachable(news);
  }
}

function underWay(
  rollout: Rollout,
  before: ClusterState,
  cluster: string,
  problem: string | null,
  at: number,
): Move {
  const went = setCluster(stay(rollout), cluster, { status: 'delivering', round: 0, note: problem }, at);
  if (problem === null) return before.note === null ? went : say(went, `${cluster}: goes on`);
  return say(went, `${cluster}: ${problem} (it is tried again; its wave waits for it)`);
}

function asks(
  rollout: Rollout,
  cluster: string,
  { approval, reason }: Extract<Heard['news'], { readonly kind: 'asks' }>,
  at: number,
): Move {
  const state = {
    status: 'delivering',
    round: 0,
    note: reason,
    ...(approval ? { asks: true as const } : {}),
  } as const;
  const asked = say(setCluster(stay(rollout), cluster, state, at), `${cluster}: ${reason}`);
  return approval ? tellOfApproval(asked, at) : asked;
}

/** When all that goes on in the wave waits for an approval, that is decided, so that one vote can be about all. */
function tellOfApproval(move: Move, at: number): Move {
  const { rollout } = move;
  const wave = standings(rollout, wavesOf(rollout)[fleetOf(rollout).wave]);
  const open = wave.filter(({ status }) => status === 'delivering');
  if (open.length === 0 || open.some(({ asks: isAsking }) => isAsking !== true)) return move;
  const line = `${listed(open.map(({ name }) => name))} wait for an approval`;
  return decideTo(move, 'hold', at, line);
}
