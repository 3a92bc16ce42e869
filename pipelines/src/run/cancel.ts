// How runs and single stages are ended early. A deploy stage that has begun is always rolled back first, also when
// the cancel is forced: what skips that would leave traffic on a version that nobody watches.
import { unreachable } from '../result.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { membersOf } from '../plan/members-of.ts';
import { isStageEnd, type RunCommand, type RunEvent, type RunState, type StageState } from './run-state.ts';
import type { Advanced, StageChange } from './transition.ts';

type EventOf<Kind> = Extract<RunEvent, { readonly kind: Kind }>;

/** What has not begun ends now, unless its own condition may still want it (`always()`, `cancelled()`). */
export function requestCancel(plan: Plan, state: RunState, event: EventOf<'cancel-requested'>): Advanced {
  if (state.cancel !== null) return { state, commands: [] };
  const { by, reason, at } = event;
  const why = `the run was cancelled by ${by}: ${reason}`;
  const hasBegun = state.awaitsTurn === undefined && event.refused === undefined;
  const mayClean = (stage: PlannedStage, before: StageState): boolean =>
    hasBegun && before.status === 'waiting' && stage.if !== null;
  const { stages, commands } = cancelStages(plan, state, mayClean, at, why);
  const { awaitsTurn: _over, ...rest } = state;
  return { state: { ...rest, cancel: { by, reason, at }, stages }, commands };
}

/** Ends what a cancel has left to clean up. Without a cancel before, there is nothing to force. */
export function forceCancel(plan: Plan, state: RunState, { by, at }: EventOf<'cancel-forced'>): Advanced {
  const { cancel } = state;
  if (cancel === null || cancel.forcedBy !== undefined) return { state, commands: [] };
  const why = `the cancel was forced by ${by}`;
  const isRollingBack = (stage: PlannedStage, before: StageState): boolean =>
    before.status === 'running' && stage.work.kind === 'deploy';
  const { stages, commands } = cancelStages(plan, state, isRollingBack, at, why);
  return { state: { ...state, cancel: { ...cancel, forcedBy: by }, stages }, commands: commands.map(force) };
}

/** Ends one stage; the run goes on with what does not need it. Forced, it cuts short the clean-up of a first cancel. */
export function cancelStage(
  stage: PlannedStage,
  before: StageState,
  { by, reason, at, forced }: EventOf<'stage-cancel-requested'>,
): StageChange | null {
  if (isStageEnd(before)) return null;
  const why = `cancelled by ${by}: ${reason}`;
  if (before.status !== 'running') return cancelOne(stage, before, at, why);
  const { commands } = cancelOne(stage, before, at, why);
  if (before.cancel === undefined) return { state: { ...before, cancel: { by, reason, at } }, commands };
  if (forced === undefined || before.cancel.forced !== undefined || stage.work.kind === 'deploy') return null;
  return { state: { ...before, cancel: { ...before.cancel, forced } }, commands: commands.map(force) };
}

const force = (command: RunCommand): RunCommand =>
  command.kind === 'cancel-attempt' ? { ...command, forced: true } : command;

function cancelStages(
  plan: Plan,
  state: RunState,
  isSpared: (stage: PlannedStage, before: StageState) => boolean,
  at: number,
  why: string,
): { readonly stages: Record<string, StageState>; readonly commands: readonly RunCommand[] } {
  const commands: RunCommand[] = [];
  const stages: Record<string, StageState> = { ...state.stages };
  for (const stage of plan.stages) {
    const before = stages[stage.id];
    const endsWithOthers = membersOf(stage.work).length > 0;
    if (before === undefined || endsWithOthers || isSpared(stage, before)) continue;
    const change = cancelOne(stage, before, at, why);
    stages[stage.id] = change.state;
    commands.push(...change.commands);
  }
  return { stages, commands };
}

/** What runs is told to stop and ends when it has; everything else ends here. */
function cancelOne(stage: PlannedStage, before: StageState, at: number, reason: string): StageChange {
  const cancelled: StageState = { status: 'cancelled', finishedAt: at, reason, steps: [] };
  switch (before.status) {
    case 'waiting':
    case 'retrying':
    case 'awaiting-approval':
      return { state: cancelled, commands: [] };
    case 'queued': {
      const { attempt } = before;
      return {
        state: cancelled,
        commands: [{ kind: 'cancel-attempt', stage: stage.id, attempt, reason }],
      };
    }
    case 'running': {
      const kind = stage.work.kind === 'deploy' ? 'cancel-rollout' : 'cancel-attempt';
      return { state: before, commands: [{ kind, stage: stage.id, attempt: before.attempt, reason }] };
    }
    case 'succeeded':
    case 'failed':
    case 'cancelled':
    case 'skipped':
      return { state: before, commands: [] };
    default:
      return unreachable(before);
  }
}
