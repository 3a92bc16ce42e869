import type { Plan, PlannedStage } from '../plan/plan.ts';
import { debugHoldMs } from '../protocol/shell.ts';

/** The plan of a run that was asked to keep the containers of failed steps for a shell. */
export function keepFailures(plan: Plan): Plan {
  return { ...plan, stages: plan.stages.map(keep) };
}

function keep(stage: PlannedStage): PlannedStage {
  const { work, unexpanded } = stage;
  if (unexpanded !== undefined)
    return { ...stage, unexpanded: { ...unexpanded, each: keep(unexpanded.each) } };
  if (work.kind !== 'steps') return stage;
  return { ...stage, work: { ...work, keepOnFailureMs: Math.max(debugHoldMs, work.keepOnFailureMs ?? 0) } };
}
