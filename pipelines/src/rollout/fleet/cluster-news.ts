import type { Rollout, SteerEvent } from '../rollout-state.ts';
import type { ClusterNews } from './fleet-state.ts';

/** Failures in a row from which on a cluster is worth a word. */
const worthAWord = 3;

/** What the rollout of one cluster says to the one that leads it; told again only when it is something else. */
export function clusterNews({ phase, failures, lastProblem }: Rollout): ClusterNews {
  switch (phase.name) {
    case 'succeeded':
      return { kind: 'delivered' };
    case 'rolled-back':
      return phase.planned === true ? { kind: 'seen' } : { kind: 'returned', reason: phase.reason };
    case 'stopped':
      return { kind: 'left', reason: phase.reason };
    case 'refused':
      return { kind: 'returned', reason: phase.reason };
    case 'rolling-back':
      return phase.planned === true
        ? underWay(failures, lastProblem)
        : { kind: 'returning', reason: phase.reason };
    case 'rollback-blocked':
      return { kind: 'blocked', reason: phase.reason, problem: phase.problem };
    case 'awaiting-approval':
      return { kind: 'asks', approval: true, reason: 'waits for an approval' };
    case 'held':
    case 'frozen':
      return { kind: 'asks', approval: false, reason: `${phase.name}: ${phase.reason}` };
    case 'paused':
      if (phase.held !== undefined) return { kind: 'asks', approval: false, reason: heldInWords(phase.held) };
      return phase.until === null
        ? { kind: 'asks', approval: false, reason: 'paused until someone resumes it' }
        : underWay(failures, lastProblem);
    default:
      return underWay(failures, lastProblem);
  }
}

const heldInWords = ({ by, reason, word }: Pick<SteerEvent, 'by' | 'reason' | 'word'>): string =>
  `held ${word === undefined ? '' : 'with all clusters '}by ${by}: ${reason}`;

const underWay = (failures: number, lastProblem: string | null): ClusterNews => ({
  kind: 'under-way',
  problem: failures >= worthAWord ? lastProblem : null,
});
