import type { Plan } from '../plan/plan.ts';
import { begin } from './finish-attempt.ts';
import { findStage } from './find-stage.ts';
import type { RunEvent, RunState, StageState } from './run-state.ts';
import type { Advanced } from './transition.ts';

type TurnEvent = Extract<RunEvent, { readonly kind: 'turn-granted' | 'turn-refused' }>;

/** A run whose pipeline names a group stands in its line first. */
export function requestRunTurn(plan: Plan, state: RunState, at: number): Advanced {
  if (plan.concurrency === undefined) return { state, commands: [] };
  const awaitsTurn = { group: plan.concurrency.group, since: at };
  return { state: { ...state, awaitsTurn }, commands: [{ kind: 'request-turn', stage: null }] };
}

/** What waited for its turn begins, or ends because its group is busy. */
export function foldTurn(plan: Plan, state: RunState, event: TurnEvent): Advanced {
  if (event.stage === null) {
    const { awaitsTurn, ...rest } = state;
    if (awaitsTurn === undefined) return { state, commands: [] };
    return { state: { ...rest, startedAt: event.at }, commands: [] };
  }
  const stage = findStage(plan, event.stage);
  const before = state.stages[event.stage];
  if (stage === undefined || before?.status !== 'queued' || before.awaitsTurn === undefined)
    return { state, commands: [] };
  const { awaitsTurn } = before;
  if (event.kind === 'turn-refused') {
    const skipped: StageState = { status: 'skipped', finishedAt: event.at, reason: event.reason };
    return { state: withStage(state, stage.id, skipped), commands: [] };
  }
  const reason = `its turn in concurrency group "${awaitsTurn}" has come`;
  const change = begin(stage, event.at, reason);
  return { state: withStage(state, stage.id, change.state), commands: change.commands };
}

const withStage = (state: RunState, id: string, stage: StageState): RunState => ({
  ...state,
  stages: { ...state.stages, [id]: stage },
});
