// A run's plan never changes, and in a large run it is by far the largest part of the row: those that were used last
// are kept, so that a claim or a report need not read and parse it again. Run ids are unique everywhere.
import type { Plan } from '@sluice/pipelines/plan/plan';

const most = 256;
/** In the order of their last use. */
const plans = new Map<string, Plan>();

export function rememberPlan(runId: string, plan: Plan): void {
  plans.delete(runId);
  plans.set(runId, plan);
  if (plans.size <= most) return;
  const [oldest] = plans.keys();
  if (oldest !== undefined) plans.delete(oldest);
}

export function recallPlan(runId: string): Plan | undefined {
  const plan = plans.get(runId);
  if (plan !== undefined) rememberPlan(runId, plan);
  return plan;
}
