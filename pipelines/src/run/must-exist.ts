// What must be found outside of a run's state for it to go on by itself.
import type { Plan } from '../plan/plan.ts';
import { findStage } from './find-stage.ts';
import type { RunEvent, RunState } from './run-state.ts';

export type Needed =
  /** The attempt that a worker may claim. */
  | { readonly kind: 'attempt'; readonly stage: string; readonly attempt: number }
  /** The look for a result that the stage may take over. */
  | { readonly kind: 'search'; readonly stage: string }
  | { readonly kind: 'timer'; readonly stage: string; readonly dueAt: number; readonly event: RunEvent }
  /** The rollout of a deploy stage that has begun. */
  | { readonly kind: 'rollout'; readonly stage: string; readonly attempt: number };

export function mustExist(plan: Plan, state: RunState): readonly Needed[] {
  if (state.status !== 'running' || state.awaitsTurn !== undefined) return [];
  const needed: Needed[] = [];
  for (const [stage, is] of Object.entries(state.stages)) {
    switch (is.status) {
      case 'queued':
        if (is.seeksResult === true) needed.push({ kind: 'search', stage });
        else if (is.awaitsTurn === undefined) needed.push({ kind: 'attempt', stage, attempt: is.attempt });
        break;
      case 'running':
        if (findStage(plan, stage)?.work.kind === 'deploy')
          needed.push({ kind: 'rollout', stage, attempt: is.attempt });
        break;
      case 'retrying': {
        const { attempt, dueAt } = is;
        const event: RunEvent = { kind: 'retry-due', stage, attempt, at: dueAt };
        needed.push({ kind: 'timer', stage, dueAt, event });
        break;
      }
      case 'awaiting-approval': {
        const { expiresAt } = is;
        const event: RunEvent = { kind: 'approval-expired', stage, at: expiresAt };
        needed.push({ kind: 'timer', stage, dueAt: expiresAt, event });
        break;
      }
      default:
        break; // it waits for others, or has ended
    }
  }
  return needed;
}
