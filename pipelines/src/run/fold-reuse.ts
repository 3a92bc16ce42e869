import type { PlannedStage } from '../plan/plan.ts';
import { requeue } from './finish-attempt.ts';
import type { RunEvent, StageState } from './run-state.ts';
import type { StageChange } from './transition.ts';

type ReuseEvent = Extract<RunEvent, { readonly kind: 'stage-reused' | 'stage-not-reused' }>;

/** The stage ends as it did in another run, or begins. It takes no time of its own. */
export function foldReuse(stage: PlannedStage, before: StageState, event: ReuseEvent): StageChange | null {
  if (before.status !== 'queued' || before.seeksResult !== true) return null;
  if (event.kind === 'stage-not-reused') return requeue(stage, before.attempt, event.at, event.reason);
  const { from, attempt, outputs, steps, at } = event;
  const reason = `same inputs as run #${from.number}`;
  return {
    state: {
      status: 'succeeded',
      attempt,
      startedAt: at,
      finishedAt: at,
      outputs,
      steps,
      reason,
      kept: from,
    },
    commands: [],
  };
}
