// What a person may do about a rollout over several clusters now, of all of them at once.
import type { Rollout, RolloutPhase } from '../rollout-state.ts';
import { whyNotPromotedWithAll, whyNotWaiting } from '../steering-alone.ts';
import { fleetOf, standings, wavesOf } from './clusters.ts';

/** How far the rollout of a cluster has come that is under way. */
export interface LedStanding {
  readonly cluster: string;
  readonly phase: RolloutPhase;
  readonly step: number;
}

export function whyFleetNotHeld(rollout: Rollout): string | null {
  const { phase } = rollout;
  const { held } = fleetOf(rollout);
  if (held !== undefined) return `${held.by} holds it already: ${held.reason}`;
  if (phase.name === 'delivering' && !hasSomethingToHold(rollout, phase.wave))
    return 'the old versions have to stop before the new ones begin, and no other wave is to come';
  if (phase.name === 'delivering' || phase.name === 'frozen') return null;
  return phase.name === 'planned'
    ? 'it has not begun'
    : `it is too late: the rollout is ${phase.name}, and no wave is still to begin`;
}

/** Clusters whose old version stops first cannot wait (`canStillWait`), so there has to be another wave. */
function hasSomethingToHold(rollout: Rollout, wave: number): boolean {
  const isLast = wave + 1 >= wavesOf(rollout).length || fleetOf(rollout).halted !== undefined;
  return !isLast || rollout.spec.work.strategy !== 'recreate';
}

/** What could not be put back is tried again when a person says so, too. */
export function whyFleetNotResumed(rollout: Rollout): string | null {
  const { phase } = rollout;
  if (fleetOf(rollout).held !== undefined) return null;
  if (phase.name !== 'rollback-blocked') return whyNotWaiting(phase);
  return standings(rollout).some(({ status }) => status === 'stuck')
    ? null
    : 'the roll-back is blocked, and is tried again every minute by itself';
}

/** As far as the leader alone can tell; each cluster has its own word to say (`mayPromoteWithAll`). */
export function whyWaveNotPromoted({ phase, spec }: Rollout): string | null {
  if (phase.name !== 'delivering')
    return `the rollout is ${phase.name}: while a wave is under way its clusters can be promoted`;
  return spec.work.afterwards === 'end' ? 'the new version is only tried here (afterwards: end)' : null;
}

/** Null: at least one of `led` can be promoted. */
export function whyFleetNotPromoted(rollout: Rollout, led: readonly LedStanding[]): string | null {
  const whyNot = whyWaveNotPromoted(rollout);
  if (whyNot !== null || led.some((each) => mayPromoteWithAll(rollout, each))) return whyNot;
  const reasons = led.map((each) => `${each.cluster}: ${whyNotPromotedIn(rollout, each) ?? ''}`);
  return `no cluster can be promoted now${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`}`;
}

/** Whether that cluster is promoted when all of its wave are. */
export const mayPromoteWithAll = (leader: Rollout, led: LedStanding): boolean =>
  whyWaveNotPromoted(leader) === null && whyNotPromotedIn(leader, led) === null;

const whyNotPromotedIn = ({ spec }: Rollout, { phase, step }: LedStanding): string | null =>
  whyNotPromotedWithAll({ spec, phase, step });
