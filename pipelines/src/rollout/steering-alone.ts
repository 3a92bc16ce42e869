// What a person may do now about a rollout that leads no others.
import type { Rollout, RolloutPhase } from './rollout-state.ts';

/** Why nobody can hold the rollout now; null: it can be held. */
export function whyNotHeldAlone({ phase, spec }: Pick<Rollout, 'phase' | 'spec'>): string | null {
  if (spec.work.strategy === 'recreate') return 'the old version has to stop before the new one begins';
  switch (phase.name) {
    case 'planned':
    case 'inspecting':
    case 'deploying':
    case 'setting-weight':
    case 'analysing':
      return null;
    case 'paused':
      return phase.until === null ? 'it waits for a person already' : null;
    case 'held':
    case 'awaiting-approval':
      return 'it waits for a person already';
    case 'frozen':
      return 'a freeze holds it already';
    case 'asking-hooks':
      return 'a hook is being asked: try again in a moment';
    default:
      return `it is too late: the rollout is ${phase.name}`;
  }
}

/** Why nobody can let the rollout go on now; null: it waits for somebody who does. */
export function whyNotResumedAlone({ phase }: Pick<Rollout, 'phase'>): string | null {
  return phase.name === 'paused' || phase.name === 'held' ? null : whyNotWaiting(phase);
}

/** Of one that nobody holds. */
export function whyNotWaiting(phase: RolloutPhase): string {
  return phase.name === 'frozen'
    ? `a freeze holds the rollout (${phase.reason}): it goes on by itself, or when somebody breaks the glass`
    : `the rollout is ${phase.name}: nobody holds it, and it waits for nobody to let it go on`;
}

/** Why nobody can promote the rollout before its steps are done; null: a person may. */
export function whyNotPromotedAlone({
  phase,
  spec,
  step,
}: Pick<Rollout, 'phase' | 'spec' | 'step'>): string | null {
  if (phase.name !== 'analysing' && phase.name !== 'paused' && phase.name !== 'held')
    return `the rollout is ${phase.name}: one that is analysing, paused or held can be promoted`;
  if (spec.work.afterwards === 'end') return 'the new version is only tried here (afterwards: end)';
  const approval = spec.work.steps.findIndex(({ kind }, index) => kind === 'approve' && index >= step);
  return approval === -1 ? null : `step ${approval + 1} is an approval, which nobody can skip`;
}

/** Why a rollout that is led is not promoted when all of its wave are; null: it is. */
export function whyNotPromotedWithAll(rollout: Pick<Rollout, 'phase' | 'spec' | 'step'>): string | null {
  const { phase } = rollout;
  if (phase.name === 'paused' && phase.held !== undefined && phase.held.word === undefined)
    return `${phase.held.by} holds it by itself: ${phase.held.reason}`;
  return whyNotPromotedAlone(rollout);
}

/** Whether something of it is left to wait for, should all clusters be held. */
export function canStillWait({ phase, spec }: Pick<Rollout, 'phase' | 'spec'>): boolean {
  if (spec.work.strategy === 'recreate') return false;
  switch (phase.name) {
    case 'planned':
    case 'inspecting':
    case 'deploying':
    case 'setting-weight':
    case 'analysing':
    case 'paused':
    case 'held':
    case 'awaiting-approval':
    case 'frozen':
      return true;
    case 'asking-hooks':
      return phase.type !== 'post-rollout';
    default:
      return false;
  }
}
