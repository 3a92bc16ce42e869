import type { DeployWork } from '../language/definition.ts';

/** How a release is put back: at once, on all of its clusters at the same time, and as far as it goes. */
export function restoringWork(released: DeployWork): DeployWork {
  const { afterwards: _, hooks: __, ...kept } = released;
  // What must not run beside another version must not do so on the way back either.
  const strategy = kept.strategy === 'recreate' ? 'recreate' : 'rolling';
  // Nobody is asked before users get back what they had.
  const work: DeployWork = { ...kept, strategy, steps: [], metrics: {}, bakeMs: 0 };
  // Nor is a guard waited for.
  const guarded = kept.guard === undefined ? {} : { guard: { ...kept.guard, isRequired: false } };
  return { ...work, ...guarded, waves: [{ kind: 'rest' }], onFailure: 'stop' };
}
