import type { Resources, StepDefinition, StepsWork } from '../language/definition.ts';
import type { PlannedStage } from './plan.ts';

/**
 * A stage as this version knows stages. One that an earlier version planned, or that an earlier server handed out,
 * lacks the keys that the language has learnt since: it gets what their absence means.
 */
export function completeStage(stage: PlannedStage): PlannedStage {
  const { work } = stage;
  return work.kind === 'steps' ? { ...stage, work: completeSteps(work) } : stage;
}

function completeSteps(work: StepsWork): StepsWork {
  const unasked = { services: [], user: null, readOnlyRoot: false } satisfies Partial<StepsWork>;
  const unlimited = { pids: null } satisfies Partial<Resources>;
  const untried = { retry: null } satisfies Partial<StepDefinition>;
  return {
    ...unasked,
    ...work,
    resources: { ...unlimited, ...work.resources },
    steps: work.steps.map((step) => ({ ...untried, ...step })),
  };
}
