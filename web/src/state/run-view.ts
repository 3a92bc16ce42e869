import type { ArtifactView, AttemptView, RunView } from '@sluice/pipelines/protocol/api';
import type { PlannedStage } from '@sluice/pipelines/plan/plan';
import type { StageState, StepState } from '@sluice/pipelines/run/run-state';
import type { WaitReason } from '@sluice/pipelines/schedule/wait-reason';
import { needsPerson, type StateName } from './state-name.ts';

/** Messages may overtake each other: the higher revision is the newer one. */
export function newerRun(known: RunView | undefined, incoming: RunView): RunView {
  if (known === undefined || known.id !== incoming.id || known.revision < incoming.revision) return incoming;
  // What stands before a waiting stage changes without the run itself.
  const isNews =
    known.revision === incoming.revision && JSON.stringify(known.waits) !== JSON.stringify(incoming.waits);
  return isNews ? incoming : known;
}

/** One stage of a run, with everything that is known about it. */
export interface StageOfRun {
  readonly planned: PlannedStage;
  readonly state: StageState | null;
  /** The state as it is shown: a rollout's `held` or `rolling-back` included. */
  readonly shown: StateName;
  /** Newest first. */
  readonly attempts: readonly AttemptView[];
  readonly rolloutId: string | null;
  /** Of its attempts, oldest first. */
  readonly artifacts: readonly ArtifactView[];
  /** Behind whom it waits; null: it does not, or for its own run only. */
  readonly wait: WaitReason | null;
}

/** The stages in topological order; none when the pipeline file is broken. */
export function stagesOf(run: RunView): readonly StageOfRun[] {
  return (run.plan?.stages ?? []).map((planned) => {
    const state = run.state?.stages[planned.id] ?? null;
    return {
      planned,
      state,
      shown: run.stages.find((stage) => stage.id === planned.id)?.status ?? state?.status ?? 'waiting',
      attempts: run.attempts
        .filter((attempt) => attempt.stage === planned.id)
        .toSorted((a, b) => b.attempt - a.attempt),
      artifacts: run.artifacts.filter((artifact) => artifact.stage === planned.id),
      wait: run.waits?.find(({ stage }) => stage === planned.id)?.why ?? null,
      rolloutId: run.rollouts.findLast((rollout) => rollout.stage === planned.id)?.id ?? null,
    };
  });
}

/** Whether something of the run failed or was cancelled, so that running the failed part again means something. */
export function hasFailures(run: RunView): boolean {
  return Object.values(run.state?.stages ?? {}).some(
    (stage) => stage.status === 'cancelled' || (stage.status === 'failed' && !stage.allowed),
  );
}

/** What a tab says of a run: `#2 hello`, with the state of the stage that waits for a person, if one does. */
export function runHeadline(run: RunView): { readonly state: StateName; readonly text: string } {
  const waiting = run.finishedAt === null ? run.stages.find(({ status }) => needsPerson(status)) : undefined;
  return { state: waiting?.status ?? run.status, text: `#${run.number} ${run.pipeline}` };
}

const urgency: readonly StateName[] = [
  'failed',
  'rolled-back',
  'rolling-back',
  'awaiting-approval',
  'held',
  'running',
  'retrying',
  'queued',
];

/** The stage that a reader wants to see first: the first failure, else what waits for a person, else what runs. */
export function stageToOpen(stages: readonly StageOfRun[]): string | null {
  for (const state of urgency) {
    const stage = stages.find((candidate) => candidate.shown === state && !isAllowedFailure(candidate));
    if (stage !== undefined) return stage.planned.id;
  }
  const finished = stages.filter((stage) => stage.attempts.length > 0);
  return (finished.at(-1) ?? stages[0])?.planned.id ?? null;
}

function isAllowedFailure({ state }: StageOfRun): boolean {
  return state?.status === 'failed' && state.allowed;
}

/** Why the stage is as it is, in the engine's own words; null when its state says it all. */
export function stageReason(stage: StageOfRun): string | null {
  const { state } = stage;
  if (state === null) return null;
  if (state.status === 'failed') return state.failure.message;
  return 'reason' in state ? state.reason : null;
}

/** The steps that an attempt's log is grouped by; their states are known of the newest attempt only. */
export function stepsOfLog(
  stage: StageOfRun,
  attempt: AttemptView | undefined,
): readonly { readonly index: number; readonly name: string; readonly state: StepState | null }[] {
  const { state, planned } = stage;
  const states = attempt === stage.attempts[0] && state !== null && 'steps' in state ? state.steps : [];
  const names =
    planned.work.kind === 'steps' ? planned.work.steps.map(({ name }) => name) : [planned.work.kind];
  return names.map((name, index) => ({ index, name, state: states[index] ?? null }));
}

/** When the stage began and ended; null where it has not (yet). */
export function stageSpan(state: StageState | null): {
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
} {
  if (state === null) return { startedAt: null, finishedAt: null };
  const startedAt =
    'startedAt' in state ? state.startedAt : state.status === 'awaiting-approval' ? state.since : null;
  return { startedAt, finishedAt: 'finishedAt' in state ? state.finishedAt : null };
}
