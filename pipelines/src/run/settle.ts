// After every event: what can be decided now is decided. Plans are in topological order, so one pass is enough.
import type { Plan, PlannedStage, Unexpanded } from '../plan/plan.ts';
import { stageCondition } from '../plan/resolve-stage.ts';
import { wholePlan } from '../plan/whole-plan.ts';
import { begin } from './finish-attempt.ts';
import {
  isStageEnd,
  type ExpandedMatrix,
  type RunCommand,
  type RunState,
  type RunStatus,
  type StageEnd,
  type StageState,
} from './run-state.ts';
import { combinationsEnd, expandNow, withCombinations } from './settle-matrix.ts';
import { templateEnds } from './settle-use.ts';
import type { Advanced, StageChange } from './transition.ts';

/** Starts, skips or cancels every waiting stage whose needs have ended, and ends a run that has nothing left. */
export function settle(frozen: Plan, state: RunState): Advanced {
  if (state.awaitsTurn !== undefined) return { state, commands: [] };
  const commands: RunCommand[] = [];
  let current = state;
  for (;;) {
    const pass = settleOnce(wholePlan(frozen, current), current);
    commands.push(...pass.commands);
    const hasNewStages = pass.state.expanded !== current.expanded;
    current = pass.state;
    if (!hasNewStages) break;
  }
  const status = endStatus(current);
  if (status === null) return { state: current, commands };
  commands.push({ kind: 'finish-run', status });
  return { state: { ...current, status, finishedAt: lastEnd(current) }, commands };
}

/** One pass; a matrix that is expanded in it has its stages looked at in the next one. */
function settleOnce(plan: Plan, state: RunState): Advanced {
  const stages: Record<string, StageState> = { ...state.stages };
  let current: RunState = { ...state, stages };
  const commands: RunCommand[] = [];
  const made: (readonly [PlannedStage, ExpandedMatrix])[] = [];
  for (const stage of plan.stages) {
    const isWaiting = stages[stage.id]?.status === 'waiting';
    const change = isWaiting ? decide(plan, current, stage) : expandKept(plan, current, stage);
    if (change === null) continue;
    if ('combinations' in change) {
      made.push([stage, change]);
      continue;
    }
    stages[stage.id] = change.state;
    commands.push(...change.commands);
  }
  for (const [stage, matrix] of made) current = withCombinations(current, stage, matrix);
  return { state: current, commands };
}

/** A matrix that a re-run keeps as a whole has its combinations too: what comes later names them and takes their files. */
function expandKept(plan: Plan, state: RunState, stage: PlannedStage): ExpandedMatrix | null {
  const { unexpanded, id } = stage;
  const before = state.stages[id];
  if (unexpanded === undefined || before === undefined || !isStageEnd(before)) return null;
  if (!Object.keys(state.keptLater ?? {}).some((each) => each.startsWith(`${id} (`))) return null;
  const made = expandNow(plan, state, stage, unexpanded);
  return made.ok && made.value.combinations.length > 0 ? made.value : null;
}

function decide(plan: Plan, state: RunState, stage: PlannedStage): StageChange | ExpandedMatrix | null {
  const at = readyAt(state, stage);
  if (at === null) return null;
  if (!stage.decision.included)
    return end({ status: 'skipped', finishedAt: at, reason: stage.decision.reasons.join('; ') });
  if (stage.work.kind === 'matrix' && stage.work.problem === undefined && stage.work.stages !== null)
    return end(combinationsEnd(state, stage.work.stages, at));
  if (stage.work.kind === 'use') return end(templateEnds(plan, state, stage.id, stage.work, at));
  const condition = stageCondition(plan, state, stage.id);
  if (!condition.ok) return end(failedAt(at, condition.error));
  const isForced = state.cancel?.forcedBy !== undefined;
  if (condition.value.runs && !isForced) {
    const { unexpanded, work } = stage;
    if (work.kind === 'matrix' && work.problem !== undefined) return end(failedAt(at, work.problem));
    return unexpanded === undefined
      ? start(stage, at, condition.value.reason)
      : expand(plan, state, stage, unexpanded, at);
  }
  if (state.cancel !== null) {
    const { by, reason } = state.cancel;
    const finishedAt = Math.max(at, state.cancel.at);
    return end({
      status: 'cancelled',
      finishedAt,
      reason: `the run was cancelled by ${by}: ${reason}`,
      steps: [],
    });
  }
  return end({ status: 'skipped', finishedAt: at, reason: condition.value.reason });
}

function expand(
  plan: Plan,
  state: RunState,
  stage: PlannedStage,
  unexpanded: Unexpanded,
  at: number,
): StageChange | ExpandedMatrix {
  const made = expandNow(plan, state, stage, unexpanded);
  if (!made.ok) return end(failedAt(at, made.error));
  if (made.value.combinations.length > 0) return made.value;
  return end({ status: 'skipped', finishedAt: at, reason: 'its matrix has no combination: a list is empty' });
}

const failedAt = (at: number, message: string): StageEnd => ({
  status: 'failed',
  attempt: 1,
  startedAt: at,
  finishedAt: at,
  failure: { class: 'failed', message, exitCode: null },
  steps: [],
  allowed: false,
});

/** When the last of the stage's needs ended; null while one has not. */
function readyAt(state: RunState, stage: PlannedStage): number | null {
  let at = state.startedAt;
  for (const need of stage.needs) {
    const needed = state.stages[need.stage];
    if (needed === undefined || !isStageEnd(needed)) return null;
    at = Math.max(at, needed.finishedAt);
  }
  return at;
}

function start(stage: PlannedStage, at: number, reason: string): StageChange {
  if (stage.concurrency !== undefined) return awaitTurn(stage, stage.concurrency.group, at);
  if (stage.work.kind !== 'approve') return begin(stage, at, reason);
  const expiresAt = at + stage.work.approval.withinMs;
  return {
    state: { status: 'awaiting-approval', attempt: 1, since: at, expiresAt, votes: [] },
    commands: [
      { kind: 'request-approval', stage: stage.id },
      {
        kind: 'set-timer',
        dueAt: expiresAt,
        event: { kind: 'approval-expired', stage: stage.id, at: expiresAt },
      },
    ],
  };
}

const awaitTurn = (stage: PlannedStage, group: string, since: number): StageChange => ({
  state: {
    status: 'queued',
    attempt: 1,
    since,
    awaitsTurn: group,
    reason: `waits for its turn in concurrency group "${group}"`,
  },
  commands: [{ kind: 'request-turn', stage: stage.id }],
});

const end = (state: StageEnd): StageChange => ({ state, commands: [] });

function endStatus(state: RunState): Exclude<RunStatus, 'running'> | null {
  let anyCancelled = false;
  let anyFailed = false;
  for (const stage of Object.values(state.stages)) {
    if (!isStageEnd(stage)) return null;
    anyCancelled ||= stage.status === 'cancelled';
    anyFailed ||= stage.status === 'failed' && !stage.allowed;
  }
  if (anyFailed) return 'failed';
  return anyCancelled ? 'cancelled' : 'succeeded';
}

function lastEnd(state: RunState): number {
  const ends = Object.values(state.stages).map((stage: StageState) =>
    isStageEnd(stage) ? stage.finishedAt : 0,
  );
  return ends.reduce((latest, at) => Math.max(latest, at), state.startedAt);
}
