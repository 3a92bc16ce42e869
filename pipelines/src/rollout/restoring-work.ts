import type { DeployWork } from '../language/definition.ts';

/** How a release is put back: at once, on all of its clusters at the same time, and as far as it goes. */
export function restoringWork({ afterwards: _, hooks: __, guard, ...kept }: DeployWork): DeployWork {
  // What must not run beside another version must not do so on the way back either.
  const strategy = kept.strategy === 'recreate' ? 'recreate' : 'rolling';
  // Nobody is asked before users get back what they had.
  const work: DeployWork = { ...kept, strategy, steps: [], metrics: {}, bakeMs: 0 };
  // Nor is a guard waited for.
  const guarded = guard === undefined ? {} : { guard: { ...guard, isRequired: false } };
  return { ...work, ...guarded, waves: [{ kind: 'rest' }], onFailure: 'stop' };
}
