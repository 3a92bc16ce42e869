// What a view of a run on this machine shows: everything comes in, nothing is asked of a clock or of a terminal.
import type { Plan, PlannedStage } from '@sluice/pipelines/plan/plan';
import { unreachable } from '@sluice/pipelines/result';
import type { RunState, StageState } from '@sluice/pipelines/run/run-state';
import { duration } from '../../duration.ts';

export interface RunPicture {
  /** With the combinations that are known by now. */
  readonly plan: Plan;
  readonly state: RunState;
  /** By the stage; absent: it has said nothing yet. */
  readonly logs: ReadonlyMap<string, { readonly last: string; readonly lines: number }>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export const signs = {
  waiting: '·',
  queued: '·',
  retrying: '↻',
  running: '▶',
  'awaiting-approval': '?',
  succeeded: '✔',
  failed: '✖',
  cancelled: '■',
  skipped: '-',
} as const satisfies Record<StageState['status'], string>;

/** How long a stage took, or has taken until now; null: it has not begun, or took no time of its own. */
export function tookMs(state: StageState, now: number): number | null {
  switch (state.status) {
    case 'running':
      return now - state.startedAt;
    case 'awaiting-approval':
      return now - state.since;
    case 'succeeded':
    case 'failed':
      return state.finishedAt - state.startedAt;
    case 'waiting':
    case 'queued':
    case 'retrying':
    case 'cancelled':
    case 'skipped':
      return null;
    default:
      return unreachable(state);
  }
}

/** What there is to say of a stage beside its state: the step under way, why it failed or waits. */
export function wordsOf({ id }: PlannedStage, state: StageState, { logs, now }: RunPicture): string {
  switch (state.status) {
    case 'running': {
      const step = state.steps.findIndex((each) => each.status === 'running');
      const which = step === -1 ? '' : `${step + 1}/${state.steps.length} ${state.steps[step]?.name ?? ''}`;
      const again = state.attempt > 1 ? `attempt ${state.attempt}` : '';
      return [again, which, logs.get(id)?.last ?? ''].filter((part) => part !== '').join('  ');
    }
    case 'failed':
      return `${state.allowed ? 'allowed to fail: ' : ''}${state.failure.message}`;
    case 'retrying':
      return `again in ${duration(state.dueAt - now)}: ${state.reason}`;
    case 'awaiting-approval':
      return 'waits for your answer';
    case 'succeeded':
      return state.reason ?? '';
    case 'waiting':
    case 'queued':
    case 'cancelled':
    case 'skipped':
      return state.reason;
    default:
      return unreachable(state);
  }
}

/** How far a stage stands from the beginning of the run: the longest way through its needs. */
export function depths({ stages }: Plan): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { id, needs } of stages)
    found.set(
      id,
      needs.reduce((deepest, { stage }) => Math.max(deepest, (found.get(stage) ?? 0) + 1), 0),
    );
  return found;
}
