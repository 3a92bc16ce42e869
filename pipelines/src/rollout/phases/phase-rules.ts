import type { Answer } from '../hooks.ts';
import type { Move } from '../move.ts';
import type { Done, Failed } from '../reading.ts';
import type { Rollout, RolloutAction, RolloutPhase } from '../rollout-state.ts';

export type PhaseName = RolloutPhase['name'];
export type PhaseNamed<N extends PhaseName> = Extract<RolloutPhase, { readonly name: N }>;

/**
 * How a phase answers what happens in it. The action that has just ended is not pending any more when `done` or
 * `failed` is called; a phase that is not terminal answers with an action, a timer or another phase.
 */
export interface PhaseRules<Phase extends RolloutPhase> {
  readonly done: (rollout: Rollout, phase: Phase, done: Done, what: RolloutAction, at: number) => Move;
  readonly failed: (rollout: Rollout, phase: Phase, failed: Failed, what: RolloutAction, at: number) => Move;
  /** Of a hook; only phases that ask hooks hear answers. */
  readonly answered?: (rollout: Rollout, phase: Phase, answer: Answer, at: number, hook: string) => Move;
  /** The timer that was set has come due and nothing waits for a retry. */
  readonly woken: (rollout: Rollout, phase: Phase, at: number) => Move;
  /** The phase's deadline (see `deadlineOf`) has passed, perhaps with an action under way. */
  readonly overdue: (rollout: Rollout, phase: Phase, at: number) => Move;
}
