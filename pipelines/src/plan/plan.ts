// A plan is frozen: definition + trigger, decided once, stored with the run, never changed afterwards.
import type {
  Combination,
  Concurrency,
  EnvValue,
  Expression,
  MatrixRules,
  Priority,
  RetryPolicy,
  StageNeed,
  StageWork,
} from '../language/definition.ts';
import type { InputValue, Trigger } from '../trigger/trigger.ts';
import type { InputProblem } from './check-inputs.ts';

export interface Plan {
  readonly pipeline: string;
  /** Path of the pipeline file; absent in plans made before there could be several. */
  readonly file?: string;
  readonly trigger: Trigger;
  /** Of a manual start, checked and with defaults; of any other event, the defaults alone. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  readonly env: Readonly<Record<string, EnvValue>>;
  /** Absent: by the event. */
  readonly priority?: Priority;
  /** Rendered. Absent: the run waits for no other one. */
  readonly concurrency?: Concurrency;
  /** Channels that are told of the run. */
  readonly notify?: readonly string[];
  /** In topological order: a stage stands after everything it needs. */
  readonly stages: readonly PlannedStage[];
}

/** With all combinations of matrices. */
export const maxStages = 10_000;
/** Needs of all stages together, those of each combination counted: what a plan costs grows with them. */
export const maxNeeds = 100_000;

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
  /** The stage with `use` whose template brought this one: what its expressions may name stands there. */
  readonly within?: string;
  /** Of one combination of a matrix: the stage that stands for all of them, and its values. */
  readonly combination?: { readonly of: string; readonly values: Combination };
  /** Of a stage whose combinations are not known yet: what makes them when its needs have ended. */
  readonly unexpanded?: Unexpanded;
  /** `excluded`: known at plan time not to run (its condition is already false). */
  readonly decision: { readonly included: boolean; readonly reasons: readonly string[] };
}

export interface Unexpanded {
  readonly rules: MatrixRules;
  /** What every combination has in common; its `id` is the stage's own. */
  readonly each: PlannedStage;
}

/** Whether an event starts a pipeline at all, and why. */
export type PlanOutcome =
  | { readonly kind: 'planned'; readonly plan: Plan }
  | {
      readonly kind: 'filtered';
      readonly reasons: readonly string[];
      /** Of a manual start whose inputs alone are in the way; absent: there is another reason. */
      readonly inputs?: readonly InputProblem[];
    };
