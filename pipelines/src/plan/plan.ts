// A plan is frozen: definition + trigger, decided once, stored with the run, never changed afterwards.
import type {
  Concurrency,
  EnvValue,
  Expression,
  Priority,
  RetryPolicy,
  StageNeed,
  StageWork,
} from '../language/definition.ts';
import type { InputValue, Trigger } from '../trigger/trigger.ts';

export interface Plan {
  readonly pipeline: string;
  readonly trigger: Trigger;
  /** Of a manual start, checked and with defaults; of any other event, the defaults alone. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  readonly env: Readonly<Record<string, EnvValue>>;
  /** Absent: by the event. */
  readonly priority?: Priority;
  /** Rendered. Absent: the run waits for no other one. */
  readonly concurrency?: Concurrency;
  /** In topological order: a stage stands after everything it needs. */
  readonly stages: readonly PlannedStage[];
}

export interface PlannedStage {
  readonly id: string;
  readonly needs: readonly StageNeed[];
  /** Still to be decided when the stage's needs have ended; null: `success()`. */
  readonly if: Expression | null;
  readonly env: Readonly<Record<string, EnvValue>>;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly allowFailure: boolean | readonly number[];
  /** Absent: the default pool. */
  readonly pool?: string;
  /** Rendered. */
  readonly concurrency?: Concurrency;
  /** Templates over the trigger are already rendered; those over `stages.*` are rendered when the stage is ready. */
  readonly work: StageWork;
  /** `excluded`: known at plan time not to run (its condition is already false). */
  readonly decision: { readonly included: boolean; readonly reasons: readonly string[] };
}

/** Whether an event starts a pipeline at all, and why. */
export type PlanOutcome =
  | { readonly kind: 'planned'; readonly plan: Plan }
  | { readonly kind: 'filtered'; readonly reasons: readonly string[] };
