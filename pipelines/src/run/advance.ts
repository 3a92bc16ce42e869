// The run's state machine: `advance(plan, state, event) → { state, commands }`. Pure and total: an event that
// does not fit the state (late, repeated, of an older attempt) changes nothing and commands nothing.
// Every time in the state comes from the events that caused it, never from the order in which they arrived.
import { unreachable } from '../result.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { leavesOf } from '../plan/members-of.ts';
import { wholePlan } from '../plan/whole-plan.ts';
import { cancelStage, forceCancel, requestCancel } from './cancel.ts';
import { finishAttempt, requeue } from './finish-attempt.ts';
import { expireApproval, vote } from './fold-approval.ts';
import { foldReuse } from './fold-reuse.ts';
import { findStage } from './find-stage.ts';
import type { RunCommand, RunEvent, RunState, StageEnd, StageState } from './run-state.ts';
import type { Advanced, StageChange } from './transition.ts';
import { settle } from './settle.ts';
import { foldTurn, requestRunTurn } from './fold-turn.ts';
import { finishStep, initialSteps, startStep } from './step-states.ts';

/** The state before `run-requested` has been folded: nothing has begun. */
export function startState(plan: Plan, at: number): RunState {
  const stages: Record<string, StageState> = {};
  for (const stage of plan.stages) stages[stage.id] = { status: 'waiting', reason: waitingReason(stage) };
  return { status: 'running', startedAt: at, finishedAt: null, cancel: null, stages };
}

/** Folds one event. The commands are idempotent: carrying one out twice has the effect of once. */
export function advance(frozen: Plan, state: RunState, event: RunEvent): Advanced {
  if (state.status !== 'running') return { state: noteAfterEnd(state, event), commands: [] };
  const applied = apply(wholePlan(frozen, state), state, event);
  const settled = settle(frozen, applied.state);
  return { state: settled.state, commands: [...applied.commands, ...settled.commands] };
}

function apply(plan: Plan, state: RunState, event: RunEvent): Advanced {
  switch (event.kind) {
    case 'run-requested':
      return requestRunTurn(plan, keepStages(state, event.kept ?? {}), event.at);
    case 'repaired':
      return { state: noteRepair(state, event), commands: [] };
    case 'turn-granted':
    case 'turn-refused':
      return foldTurn(plan, state, event);
    case 'cancel-requested':
      return requestCancel(plan, state, event);
    case 'cancel-forced':
      return forceCancel(plan, state, event);
    case 'stage-claimed':
    case 'step-started':
    case 'step-finished':
    case 'stage-finished':
    case 'retry-due':
    case 'approval-voted':
    case 'approval-expired':
    case 'stage-reused':
    case 'stage-not-reused':
    case 'stage-cancel-requested': {
      const members = event.kind === 'stage-cancel-requested' ? leavesOf(plan, event.stage) : [];
      if (event.kind === 'stage-cancel-requested' && members.length > 0)
        return cancelMembers(plan, state, event, members);
      const stage = findStage(plan, event.stage);
      const before = state.stages[event.stage];
      if (stage === undefined || before === undefined) return { state, commands: [] };
      const change = changeStage(stage, state, before, event);
      if (change === null) return { state, commands: [] };
      return {
        state: { ...state, stages: { ...state.stages, [stage.id]: change.state } },
        commands: change.commands,
      };
    }
    default:
      return unreachable(event);
  }
}

/** Whoever ends a stage that stands for others ends all of them; it ends with them. */
function cancelMembers(
  plan: Plan,
  state: RunState,
  event: Extract<RunEvent, { kind: 'stage-cancel-requested' }>,
  members: readonly string[],
): Advanced {
  const stages: Record<string, StageState> = { ...state.stages };
  const commands: RunCommand[] = [];
  for (const id of members) {
    const [stage, before] = [findStage(plan, id), stages[id]];
    const change = stage === undefined || before === undefined ? null : cancelStage(stage, before, event);
    if (change === null) continue;
    stages[id] = change.state;
    commands.push(...change.commands);
  }
  return { state: { ...state, stages }, commands };
}

type StageEvent = Exclude<
  Extract<RunEvent, { readonly stage: string }>,
  { readonly kind: 'turn-refused' | 'repaired' }
>;

function changeStage(
  stage: PlannedStage,
  run: RunState,
  before: StageState,
  event: StageEvent,
): StageChange | null {
  switch (event.kind) {
    case 'stage-claimed': {
      if (before.status !== 'queued' || before.attempt !== event.attempt) return null;
      const { attempt, worker, at } = event;
      return {
        state: { status: 'running', attempt, startedAt: at, worker, steps: initialSteps(stage.work) },
        commands: [],
      };
    }
    case 'step-started':
    case 'step-finished': {
      if (before.status !== 'running' || before.attempt !== event.attempt) return null;
      const steps =
        event.kind === 'step-started' ? startStep(before.steps, event) : finishStep(before.steps, event);
      return { state: { ...before, steps }, commands: [] };
    }
    case 'stage-finished':
      return finishAttempt(stage, run, before, event);
    case 'retry-due':
      if (before.status !== 'retrying' || before.attempt !== event.attempt) return null;
      return requeue(stage, before.attempt, before.dueAt, before.reason);
    case 'approval-voted':
      return vote(stage, before, event);
    case 'approval-expired':
      return expireApproval(before, event);
    case 'stage-reused':
    case 'stage-not-reused':
      return foldReuse(stage, before, event);
    case 'stage-cancel-requested':
      return cancelStage(stage, before, event);
    default:
      return unreachable(event);
  }
}

/** What a re-run keeps has ended before it begins. */
function keepStages(state: RunState, kept: Readonly<Record<string, StageEnd>>): RunState {
  const stages: Record<string, StageState> = { ...state.stages };
  const later: Record<string, StageEnd> = {};
  for (const [id, end] of Object.entries(kept)) {
    if (stages[id] === undefined) later[id] = end;
    else if (stages[id].status === 'waiting') stages[id] = end;
  }
  return { ...state, stages, ...(Object.keys(later).length === 0 ? {} : { keptLater: later }) };
}

/** What an ended run had left behind, and that it was removed, is still told among its events. */
function noteAfterEnd(state: RunState, event: RunEvent): RunState {
  return event.kind === 'repaired' ? { ...state } : state;
}

/** A stage that still waits says what befell it; the event itself is always kept. */
function noteRepair(state: RunState, { stage, message }: Extract<RunEvent, { kind: 'repaired' }>): RunState {
  const before = stage === null ? undefined : state.stages[stage];
  if (stage === null || (before?.status !== 'queued' && before?.status !== 'retrying')) return { ...state };
  const reason = before.reason.endsWith(message) ? before.reason : `${before.reason}; ${message}`;
  return { ...state, stages: { ...state.stages, [stage]: { ...before, reason } } };
}

function waitingReason(stage: PlannedStage): string {
  const { needs, work } = stage;
  if (work.kind === 'use')
    return `waits for its ${work.stages.length} stage${work.stages.length === 1 ? '' : 's'}`;
  if (work.kind === 'matrix' && work.stages !== null)
    return `waits for its ${work.stages.length} combination${work.stages.length === 1 ? '' : 's'}`;
  const names = needs.map((need) => need.stage);
  return names.length === 0 ? 'waits for the run to begin' : `waits for ${names.join(', ')}`;
}
