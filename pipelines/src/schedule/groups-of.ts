import type { WhenBusy } from '../language/definition.ts';
import type { Plan } from '../plan/plan.ts';

export interface GroupUse {
  /** Null: the whole run. */
  readonly stage: string | null;
  readonly group: string;
  readonly whenBusy: WhenBusy;
}

/** The concurrency groups that a run will want a turn in. */
export function groupsOf(plan: Plan): readonly GroupUse[] {
  const uses: GroupUse[] = [];
  if (plan.concurrency !== undefined) uses.push({ stage: null, ...plan.concurrency });
  for (const { id, concurrency, decision } of plan.stages)
    if (concurrency !== undefined && decision.included) uses.push({ stage: id, ...concurrency });
  return uses;
}
