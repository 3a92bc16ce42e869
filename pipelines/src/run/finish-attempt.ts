import type { FailureClass } from '../language/definition.ts';
import type { PlannedStage } from '../plan/plan.ts';
import { reuseRule } from '../plan/reuse-key.ts';
import { retryDelayMs, retries } from './retry-policy.ts';
import type { Failure, RunEvent, RunState, StageState, StepState } from './run-state.ts';
import type { StageChange } from './transition.ts';

type StageFinished = Extract<RunEvent, { readonly kind: 'stage-finished' }>;

/** Ends an attempt: the stage ends with it, or is tried again where its policy names the failure. */
export function finishAttempt(
  stage: PlannedStage,
  run: RunState,
  before: StageState,
  event: StageFinished,
): StageChange | null {
  if (before.status !== 'running' && before.status !== 'queued') return null;
  if (before.attempt !== event.attempt) return null;
  const startedAt = before.status === 'running' ? before.startedAt : event.at;
  const steps = before.status === 'running' ? endOpenSteps(before.steps, event.at) : [];
  const { attempt, at, outcome } = event;
  switch (outcome.result) {
    case 'succeeded': {
      const { outputs } = outcome;
      return {
        state: { status: 'succeeded', attempt, startedAt, finishedAt: at, outputs, steps, reason: null },
        commands: [],
      };
    }
    case 'cancelled':
      return {
        state: { status: 'cancelled', finishedAt: at, reason: outcome.reason, steps },
        commands: [],
      };
    case 'failed': {
      const { failure } = outcome;
      const isCancelled = run.cancel !== null || ('cancel' in before && before.cancel !== undefined);
      const lostWhileCancelled = isCancelled && failure.class === 'worker-lost';
      if (failure.class === 'cancelled' || lostWhileCancelled) {
        return {
          state: { status: 'cancelled', finishedAt: at, reason: failure.message, steps },
          commands: [],
        };
      }
      if (!isCancelled && retries(stage.retry, attempt, failure)) {
        return retry(stage, attempt, at, failure);
      }
      const allowed = isAllowed(stage.allowFailure, failure);
      return {
        state: { status: 'failed', attempt, startedAt, finishedAt: at, failure, steps, allowed },
        commands: [],
      };
    }
  }
}

/** Begins a stage: with a worker, the rollout machine, or a look for a result that it may take over. */
export function begin(stage: PlannedStage, since: number, reason: string): StageChange {
  if (reuseRule(stage) === null) return requeue(stage, 1, since, reason);
  return {
    state: {
      status: 'queued',
      attempt: 1,
      since,
      reason: 'looks for a run with the same inputs',
      seeksResult: true,
    },
    commands: [{ kind: 'seek-result', stage: stage.id }],
  };
}

/** Puts the stage's attempt back where a worker, or the rollout machine, finds it. */
export function requeue(stage: PlannedStage, attempt: number, since: number, reason: string): StageChange {
  if (stage.work.kind === 'deploy') {
    return {
      state: { status: 'running', attempt, startedAt: since, worker: 'rollout', steps: [] },
      commands: [{ kind: 'start-rollout', stage: stage.id, attempt }],
    };
  }
  return {
    state: { status: 'queued', attempt, since, reason },
    commands: [{ kind: 'enqueue-attempt', stage: stage.id, attempt }],
  };
}

function retry(stage: PlannedStage, failedAttempt: number, at: number, failure: Failure): StageChange {
  const attempt = failedAttempt + 1;
  const delayMs = retryDelayMs(stage.retry, failedAttempt);
  const reason =
    `attempt ${failedAttempt} of ${stage.retry.attempts} ended with ${describe(failure.class, failure.exitCode)}, ` +
    `which retry.on names: ${failure.message}`;
  if (delayMs === 0) return requeue(stage, attempt, at, reason);
  const dueAt = at + delayMs;
  const due: RunEvent = { kind: 'retry-due', stage: stage.id, attempt, at: dueAt };
  return {
    state: { status: 'retrying', attempt, dueAt, reason },
    commands: [{ kind: 'set-timer', dueAt, event: due }],
  };
}

const describe = (failureClass: FailureClass, exitCode: number | null): string =>
  exitCode === null ? failureClass : `${failureClass} (exit ${exitCode})`;

function isAllowed(allowFailure: boolean | readonly number[], failure: Failure): boolean {
  if (typeof allowFailure === 'boolean') return allowFailure;
  return failure.exitCode !== null && allowFailure.includes(failure.exitCode);
}

/** A worker that was lost leaves steps open; in an ended stage no step may look as if it still ran. */
function endOpenSteps(steps: readonly StepState[], at: number): readonly StepState[] {
  return steps.map((step) =>
    step.status === 'running'
      ? { name: step.name, status: 'cancelled', startedAt: step.startedAt, finishedAt: at, exitCode: null }
      : step,
  );
}
