// What a person may do about a rollout now, as the machine, the server and the page ask it.
import type { Rollout } from './rollout-state.ts';

/** Why nobody can hold the rollout now; null: it can be held. */
export function whyNotHeld({ phase, spec }: Pick<Rollout, 'phase' | 'spec'>): string | null {
  if (spec.waves !== undefined) return 'it goes to several clusters: hold the rollouts of single clusters';
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

/** Why nobody can promote the rollout before its steps are done; null: a person may. */
export function whyNotPromoted({
  phase,
  spec,
  step,
}: Pick<Rollout, 'phase' | 'spec' | 'step'>): string | null {
  if (spec.waves !== undefined)
    return 'it goes to several clusters: promote in the rollouts of single clusters';
  if (phase.name !== 'analysing' && phase.name !== 'paused' && phase.name !== 'held')
    return `the rollout is ${phase.name}: one that is analysing, paused or held can be promoted`;
  if (spec.work.afterwards === 'end') return 'the new version is only tried here (afterwards: end)';
  const approval = spec.work.steps.findIndex(({ kind }, index) => kind === 'approve' && index >= step);
  return approval === -1 ? null : `step ${approval + 1} is an approval, which nobody can skip`;
}
