import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import { canStillWait } from '@sluice/pipelines/rollout/steering-alone';
import { phaseState, type StateName } from './state-name.ts';

export interface RolloutHold {
  readonly by: string;
  readonly reason: string;
  /** Of one cluster: it is held together with all others. */
  readonly isOfAll: boolean;
}

/** Who holds the rollout, or has it wait as soon as it can; null: nobody. */
export function holdOf(rollout: Rollout): RolloutHold | null {
  const { phase, wish, saidOfAll, fleet } = rollout;
  const own = phase.name === 'paused' ? phase.held : undefined;
  if (own !== undefined) return { ...own, isOfAll: fleet === undefined && own.word !== undefined };
  const alone = wish ?? fleet?.held;
  if (alone !== undefined) return { ...alone, isOfAll: false };
  return saidOfAll?.hold === undefined || !canStillWait(rollout)
    ? null
    : { ...saidOfAll.hold, isOfAll: true };
}

/** Several clusters that are held are so at once, whatever their rollouts still bring to its end. */
export const headState = (rollout: Rollout): StateName =>
  rollout.fleet?.held === undefined ? phaseState(rollout.phase.name) : 'held';
