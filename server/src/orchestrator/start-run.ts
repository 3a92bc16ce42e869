import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import type { Plan } from '@sluice/pipelines/plan/plan';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import type { ServerContext } from '../context.ts';

export interface NewRun {
  readonly project: string;
  readonly repositoryId: string;
  readonly trigger: Trigger;
  /** Name of the pipeline, or its file's name when it could not be read. */
  readonly pipeline: string;
  readonly content:
    | { readonly kind: 'planned'; readonly plan: Plan }
    /** A broken file is a failed run that shows its diagnostics. */
    | { readonly kind: 'broken'; readonly diagnostics: readonly Diagnostic[] };
  /** The delivery that caused it; the same one never starts a pipeline twice. Null: started by a person. */
  readonly deliveryId: string | null;
}

/** Stores the run, folds `run-requested` and writes its commands to the outbox, in one transaction. */
export async function startRun(_context: ServerContext, _run: NewRun): Promise<{ readonly runId: string }> {
  throw new Error('not built yet');
}
