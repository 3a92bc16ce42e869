// What a person may do about a rollout now, as the machine, the server and the page ask it.
import {
  whyFleetNotHeld,
  whyFleetNotPromoted,
  whyFleetNotResumed,
  type LedStanding,
} from './fleet/steering-fleet.ts';
import type { Rollout } from './rollout-state.ts';
import { whyNotHeldAlone, whyNotPromotedAlone, whyNotResumedAlone } from './steering-alone.ts';

/** Why nobody can hold the rollout now; null: it can be held. */
export const whyNotHeld = (rollout: Rollout): string | null =>
  leads(rollout) ? whyFleetNotHeld(rollout) : whyNotHeldAlone(rollout);

/** Why nobody can let the rollout go on now; null: it waits for somebody who does. */
export const whyNotResumed = (rollout: Rollout): string | null =>
  leads(rollout) ? whyFleetNotResumed(rollout) : whyNotResumedAlone(rollout);

/** Why nobody can promote the rollout before its steps are done; null: a person may. `led`: what it leads now. */
export const whyNotPromoted = (rollout: Rollout, led: readonly LedStanding[] = []): string | null =>
  leads(rollout) ? whyFleetNotPromoted(rollout, led) : whyNotPromotedAlone(rollout);

/** Why nobody can give the rollout up now; null: its roll-back is blocked, and a person may end it as it is. */
export function whyNotGivenUp({ phase }: Pick<Rollout, 'phase'>): string | null {
  return phase.name === 'rollback-blocked'
    ? null
    : `the rollout is ${phase.name}: only a roll-back that is blocked can be given up`;
}

const leads = ({ spec }: Rollout): boolean => spec.waves !== undefined;
