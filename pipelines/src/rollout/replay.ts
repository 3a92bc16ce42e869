// Stored events tell the whole story again: what was decided, and what another judge or other settings would have.
import { advanceRollout, startRollout } from './advance-rollout.ts';
import type { Decision, Rollout, RolloutEvent, RolloutSpec } from './rollout-state.ts';

export interface Replay {
  readonly rollout: Rollout;
  /** In order; with the same spec and judge, byte for byte those that were recorded. */
  readonly decisions: readonly Decision[];
}

/**
 * Folds the stored events of one rollout in their order. `startedAt` is the `startedAt` of the stored state. With
 * changed settings the events still tell what was measured, but the answers to actions that the changed rollout
 * would not have asked for are ignored, so its story ends where the two part.
 */
export function replayRollout(spec: RolloutSpec, events: readonly RolloutEvent[], startedAt: number): Replay {
  let rollout = startRollout(spec, startedAt);
  const decisions: Decision[] = [];
  for (const event of events) {
    const move = advanceRollout(rollout, event);
    rollout = move.rollout;
    for (const command of move.commands) {
      if (command.kind === 'record-decision') decisions.push(command.decision);
    }
  }
  return { rollout, decisions };
}
