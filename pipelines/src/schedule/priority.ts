import { priorities, type Priority } from '../language/definition.ts';
import type { Plan } from '../plan/plan.ts';
import type { Trigger } from '../trigger/trigger.ts';

/** What the pipeline file says, or else by the event: someone waits for what was started by hand. */
export function priorityOf(plan: Pick<Plan, 'priority' | 'trigger'>): Priority {
  return plan.priority ?? byEvent[plan.trigger.event];
}

/** 0 is served first. */
export const rankOf = (priority: Priority): number => priorities.indexOf(priority);

const byEvent = {
  manual: 'high',
  push: 'normal',
  tag: 'normal',
  pull_request: 'normal',
  schedule: 'normal',
} satisfies Record<Trigger['event'], Priority>;
