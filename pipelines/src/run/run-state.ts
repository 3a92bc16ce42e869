// The state of one run: the fold of its events by `advance`. Times are milliseconds since the epoch and come
// in with the events.
//
//            ┌─────────► skipped                       (needs failed, condition false)
//   waiting ─┼─► queued ─► running ─┬─► succeeded
//            │     ▲                ├─► retrying ─► queued
//            │     └────────────────┤   (a failure class that the policy names)
//            └─► awaiting-approval ─┴─► failed | cancelled
//
import type { Combination, FailureClass } from '../language/definition.ts';

export type RunStatus = 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface RunState {
  readonly status: RunStatus;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** Set when someone asked for the run's end; no further stage starts but those that clean up. */
  readonly cancel: RunCancel | null;
  readonly stages: Readonly<Record<string, StageState>>;
  /** Set while it waits for its turn in its concurrency group: until then no stage starts. */
  readonly awaitsTurn?: { readonly group: string; readonly since: number };
  /** Stages with a matrix whose combinations became known while the run went on. */
  readonly expanded?: Readonly<Record<string, ExpandedMatrix>>;
  /** Of a re-run: ends of combinations that are kept, if they become stages again. */
  readonly keptLater?: Readonly<Record<string, StageEnd>>;
}

export interface ExpandedMatrix {
  readonly combinations: readonly {
    readonly name: string;
    readonly values: Combination;
    /** Of its concurrency, rendered. */
    readonly group?: string;
  }[];
  /** For people. */
  readonly reason: string;
}

export interface CancelRequest {
  readonly by: string;
  readonly reason: string;
  readonly at: number;
}

export interface RunCancel extends CancelRequest {
  /** Who asked a second time: nothing cleans up any more but roll-backs, and no step gets time to end by itself. */
  readonly forcedBy?: string;
}

/** The run in which a stage really ended, when a re-run keeps what it did or the stage had the same inputs there. */
export interface KeptFrom {
  readonly runId: string;
  readonly number: number;
}

export type StageState =
  | { readonly status: 'waiting'; readonly reason: string }
  | {
      readonly status: 'queued';
      readonly attempt: number;
      readonly since: number;
      readonly reason: string;
      /** The concurrency group that it waits for; without one, it waits for a worker. */
      readonly awaitsTurn?: string;
      /** It is looked for a result with the same inputs; a worker gets the attempt when there is none. */
      readonly seeksResult?: true;
    }
  | { readonly status: 'retrying'; readonly attempt: number; readonly dueAt: number; readonly reason: string }
  | {
      readonly status: 'running';
      readonly attempt: number;
      readonly startedAt: number;
      readonly worker: string;
      readonly steps: readonly StepState[];
      /** Set when someone asked for the end of this stage alone: it is not tried again. */
      readonly cancel?: CancelRequest & { readonly forced?: true };
    }
  | {
      readonly status: 'awaiting-approval';
      readonly attempt: number;
      readonly since: number;
      readonly expiresAt: number;
      readonly votes: readonly ApprovalVote[];
    }
  | StageEnd;

/** A stage that will not change any more. */
export type StageEnd =
  | {
      readonly status: 'succeeded';
      readonly attempt: number;
      readonly startedAt: number;
      readonly finishedAt: number;
      readonly outputs: Readonly<Record<string, string>>;
      readonly steps: readonly StepState[];
      readonly reason: string | null;
      readonly kept?: KeptFrom;
    }
  | {
      readonly status: 'failed';
      readonly attempt: number;
      readonly startedAt: number;
      readonly finishedAt: number;
      readonly failure: Failure;
      readonly steps: readonly StepState[];
      /** The run goes on as if it had succeeded. */
      readonly allowed: boolean;
      readonly kept?: KeptFrom;
    }
  | {
      readonly status: 'cancelled';
      readonly finishedAt: number;
      readonly reason: string;
      readonly steps: readonly StepState[];
    }
  | {
      readonly status: 'skipped';
      readonly finishedAt: number;
      readonly reason: string;
      readonly kept?: KeptFrom;
    };

export interface Failure {
  readonly class: FailureClass;
  /** What happened, where, and what to do. Holds no secret. */
  readonly message: string;
  readonly exitCode: number | null;
}

export type StepState =
  | { readonly name: string; readonly status: 'waiting' }
  | {
      readonly name: string;
      readonly status: 'running';
      readonly startedAt: number;
      readonly try?: StepTry;
    }
  | {
      readonly name: string;
      readonly status: 'succeeded' | 'failed' | 'skipped' | 'cancelled';
      readonly startedAt: number;
      readonly finishedAt: number;
      readonly exitCode: number | null;
    };

/** The newest try of a step, for a worker that takes it over. */
export interface StepTry {
  /** From 1. */
  readonly number: number;
  readonly startedAt: number;
  /** Of the attempt's log. */
  readonly firstLine: number;
}

export interface ApprovalVote {
  readonly by: string;
  readonly verdict: 'approved' | 'rejected';
  readonly reason: string | null;
  readonly at: number;
}

/** How an attempt, a rollout or an approval ended. */
export type StageOutcome =
  | { readonly result: 'succeeded'; readonly outputs: Readonly<Record<string, string>> }
  | { readonly result: 'failed'; readonly failure: Failure }
  | { readonly result: 'cancelled'; readonly reason: string };

export type RunEvent =
  | {
      readonly kind: 'run-requested';
      readonly at: number;
      /** Of a re-run: stage → how it ended before, which is not done again. */
      readonly kept?: Readonly<Record<string, StageEnd>>;
    }
  | {
      readonly kind: 'stage-claimed';
      readonly stage: string;
      readonly attempt: number;
      readonly worker: string;
      readonly at: number;
    }
  | {
      readonly kind: 'step-started';
      readonly stage: string;
      readonly attempt: number;
      readonly step: number;
      /** Absent: a worker of an earlier version did not say. */
      readonly try?: Omit<StepTry, 'startedAt'>;
      readonly at: number;
    }
  | {
      readonly kind: 'step-finished';
      readonly stage: string;
      readonly attempt: number;
      readonly step: number;
      readonly result: 'succeeded' | 'failed' | 'skipped' | 'cancelled';
      readonly exitCode: number | null;
      readonly at: number;
    }
  | {
      readonly kind: 'stage-finished';
      readonly stage: string;
      readonly attempt: number;
      readonly outcome: StageOutcome;
      readonly at: number;
    }
  | { readonly kind: 'retry-due'; readonly stage: string; readonly attempt: number; readonly at: number }
  | {
      readonly kind: 'approval-voted';
      readonly stage: string;
      readonly vote: ApprovalVote;
      readonly at: number;
    }
  | { readonly kind: 'approval-expired'; readonly stage: string; readonly at: number }
  | {
      readonly kind: 'cancel-requested';
      readonly by: string;
      readonly reason: string;
      /** It was not let in: nothing has begun, so nothing cleans up. */
      readonly refused?: true;
      readonly at: number;
    }
  /** Something that the run needs was gone and was put back. Changes nothing but what people read. */
  | {
      readonly kind: 'repaired';
      readonly stage: string | null;
      readonly repair: string;
      readonly message: string;
      readonly at: number;
    }
  /** It is the run's or the stage's turn in its concurrency group. */
  | { readonly kind: 'turn-granted'; readonly stage: string | null; readonly at: number }
  /** Its group is busy, and its `when_busy` says skip. */
  | { readonly kind: 'turn-refused'; readonly stage: string; readonly reason: string; readonly at: number }
  /** It has ended in another run with the same inputs, and is not run again. */
  | {
      readonly kind: 'stage-reused';
      readonly stage: string;
      readonly from: KeptFrom;
      /** Of the other run, as the outputs and the steps. */
      readonly attempt: number;
      readonly outputs: Readonly<Record<string, string>>;
      readonly steps: readonly StepState[];
      readonly at: number;
    }
  /** Nothing can be taken over: it runs. */
  | {
      readonly kind: 'stage-not-reused';
      readonly stage: string;
      readonly reason: string;
      readonly at: number;
    }
  /** Someone asked a second time, and will not wait for clean-up. */
  | { readonly kind: 'cancel-forced'; readonly by: string; readonly at: number }
  | {
      readonly kind: 'stage-cancel-requested';
      readonly stage: string;
      readonly by: string;
      readonly reason: string;
      /** Asked a second time. */
      readonly forced?: true;
      readonly at: number;
    };

/** What the shell must do after an event; each is idempotent. */
export type RunCommand =
  /** Put the attempt where a worker finds it. */
  | { readonly kind: 'enqueue-attempt'; readonly stage: string; readonly attempt: number }
  /** Look for a result with the same inputs; answered by `stage-reused` or `stage-not-reused`. */
  | { readonly kind: 'seek-result'; readonly stage: string }
  /** Tell the worker that holds the attempt to stop it. */
  | {
      readonly kind: 'cancel-attempt';
      readonly stage: string;
      readonly attempt: number;
      readonly reason: string;
      /** At once: no clean-up steps, no time to end by itself. */
      readonly forced?: true;
    }
  | { readonly kind: 'start-rollout'; readonly stage: string; readonly attempt: number }
  /** Stand in the line of the concurrency group; answered by `turn-granted`, by `turn-refused` or by a cancel. */
  | { readonly kind: 'request-turn'; readonly stage: string | null }
  /** Roll back, then end the stage. */
  | {
      readonly kind: 'cancel-rollout';
      readonly stage: string;
      readonly attempt: number;
      readonly reason: string;
    }
  /** Fold `event` at its time. */
  | { readonly kind: 'set-timer'; readonly dueAt: number; readonly event: RunEvent }
  | { readonly kind: 'request-approval'; readonly stage: string }
  | { readonly kind: 'finish-run'; readonly status: Exclude<RunStatus, 'running'> };

export function isStageEnd(state: StageState): state is StageEnd {
  return (
    state.status === 'succeeded' ||
    state.status === 'failed' ||
    state.status === 'cancelled' ||
    state.status === 'skipped'
  );
}

/** The run in which a kept stage did its work; null: this one. */
export function originRun(stage: StageState | undefined): string | null {
  return stage !== undefined && 'kept' in stage ? (stage.kept?.runId ?? null) : null;
}
