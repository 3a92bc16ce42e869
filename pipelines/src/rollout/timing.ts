// How long the machine waits for what.
import type { Rollout } from './rollout-state.ts';

/** Between two looks at replicas that are starting. */
export const readinessPollMs = 1_000;
/** A phase in which nothing gets ready for this long will not get there, unless the stage says otherwise. */
const defaultProgressMs = 10 * 60_000;
/** A target that cannot even be inspected for this long is refused. */
const inspectDeadlineMs = 5 * 60_000;
/** An action under way is given this long before a roll-back goes ahead without its result. */
export const settleMs = 60_000;
/** A blocked roll-back is tried again this often. */
export const blockedRetryMs = 60_000;
/** When all is over, hooks are told for no longer than this. */
const farewellMs = 3 * 60_000;
/** Removing the old version is given up after this long; the new one serves all the same. */
const retireDeadlineMs = 30 * 60_000;

/** Before the next try after `failures` failures in a row: 1, 2, 4 … at most 30 seconds. */
export const backoffMs = (failures: number): number =>
  Math.min(1_000 * 2 ** Math.max(0, failures - 1), 30_000);

/** End of patience with the present phase, by which something else happens; null: the phase has none. */
export function deadlineOf(rollout: Rollout): number | null {
  const { phase, startedAt, frozenMs = 0 } = rollout;
  const { progressDeadlineMs = defaultProgressMs } = rollout.spec.work;
  const overall = overallDeadline(rollout);
  switch (phase.name) {
    case 'planned':
    case 'inspecting':
      return Math.min(overall, startedAt + frozenMs + inspectDeadlineMs);
    case 'stopping':
    case 'deploying':
    case 'setting-weight':
      return Math.min(overall, phase.since + progressDeadlineMs * roundsOf(rollout));
    case 'paused':
    case 'analysing':
    case 'held':
    case 'awaiting-approval':
      return overall;
    case 'asking-hooks':
      return phase.type === 'post-rollout' ? phase.since + farewellMs : overall;
    case 'promoting':
      return phase.since + progressDeadlineMs * roundsOf(rollout);
    case 'retiring':
      return phase.since + rollout.spec.work.drainMs + retireDeadlineMs;
    case 'rolling-back':
      return isSettling(rollout) ? phase.since + settleMs : null;
    default:
      return null;
  }
}

/** Replicas that take the places of others do so one after another. */
export const roundsOf = ({ facts }: Rollout): number =>
  facts?.canary?.inPlace === true ? Math.max(1, facts.canary.replicas + (facts.stable?.replicas ?? 0)) : 1;

/** End of patience with the whole rollout, without the time in which it was frozen. */
export const overallDeadline = ({ spec, startedAt, frozenMs = 0 }: Rollout): number =>
  startedAt + frozenMs + spec.work.deadlineMs;

/** True while a roll-back waits for the end of a change that was under way when it was decided. */
function isSettling({ phase, pending }: Rollout): boolean {
  return phase.name === 'rolling-back' && pending !== null && pending.what.kind !== 'roll-back';
}
