import { reuseRule } from '@sluice/pipelines/plan/reuse-key';
import { wholePlan } from '@sluice/pipelines/plan/whole-plan';
import type { PlannedRun } from '../store/run-store.ts';
import { markSucceeded } from '../store/result-store.ts';
import type { Unit } from './unit.ts';

/** Lets other runs take over what has just succeeded here. */
export async function noteResults(unit: Unit, before: PlannedRun, run: PlannedRun): Promise<void> {
  const { plan, state } = run.content;
  const succeeded = wholePlan(plan, state).stages.flatMap((stage) => {
    const [was, is] = [before.content.state.stages[stage.id], state.stages[stage.id]];
    const isNew = was !== is && is?.status === 'succeeded' && is.kept === undefined;
    return isNew && reuseRule(stage) !== null ? [stage.id] : [];
  });
  if (succeeded.length > 0) await markSucceeded(unit.trx, run.id, succeeded, unit.at);
}
