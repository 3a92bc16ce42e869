import type { RerunOf } from '@sluice/pipelines/protocol/api';
import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import type { Plan } from '@sluice/pipelines/plan/plan';
import { startState } from '@sluice/pipelines/run/advance';
import type { StageEnd } from '@sluice/pipelines/run/run-state';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import type { ServerContext } from '../context.ts';
import { findRunOfDelivery, insertRun, isPlanned, type RunContent } from '../store/run-store.ts';
import { countOpenRuns } from '../store/project-store.ts';
import { foldRun } from './fold-run.ts';
import { lockGroupsOf, takeTickets } from './turns.ts';
import { inUnit, type Unit } from './unit.ts';

export interface NewRun {
  readonly project: string;
  readonly repositoryId: string;
  readonly trigger: Trigger;
  /** Name of the pipeline, or its file's name when it could not be read. */
  readonly pipeline: string;
  readonly content:
    | {
        readonly kind: 'planned';
        readonly plan: Plan;
        /** Warnings of its file; absent where it was not read for this run. */
        readonly diagnostics?: readonly Diagnostic[];
      }
    /** A broken file is a failed run that shows its diagnostics. */
    | { readonly kind: 'broken'; readonly diagnostics: readonly Diagnostic[] };
  /** The delivery that caused it; the same one never starts a pipeline twice. Null: started by a person. */
  readonly deliveryId: string | null;
}

/** Stores the run, folds `run-requested` and writes its commands to the outbox, in one transaction. */
export async function startRun(context: ServerContext, run: NewRun): Promise<{ readonly runId: string }> {
  const started = await inUnit(context, (unit) => startRunIn(unit, run, null));
  if (started !== null) return started;
  const { deliveryId, pipeline } = run;
  const earlier = deliveryId === null ? undefined : await findRunOfDelivery(context.db, deliveryId, pipeline);
  if (earlier === undefined)
    throw new Error(`the run of delivery ${deliveryId} was neither stored nor found`);
  return { runId: earlier.id };
}

/** What a run that repeats another one takes over from it. */
export interface Repeated {
  readonly rerun: RerunOf;
  readonly kept: Readonly<Record<string, StageEnd>>;
}

/** In a transaction of the caller's; null when the same delivery has already started this pipeline. */
export async function startRunIn(
  unit: Unit,
  run: NewRun,
  restoresReleaseId: string | null,
  repeated: Repeated | null = null,
): Promise<{ readonly runId: string; readonly number: number } | null> {
  const content: RunContent =
    run.content.kind === 'broken'
      ? run.content
      : { ...run.content, state: startState(run.content.plan, unit.at) };
  if (content.kind === 'planned') await lockGroupsOf(unit, run.repositoryId, content.plan);
  const stored = await insertRun(unit.trx, {
    ...run,
    content,
    restoresReleaseId,
    rerun: repeated?.rerun ?? null,
    id: unit.newId(),
    at: unit.at,
  });
  if (stored === null) return null;
  unit.tell({ kind: 'run', runId: stored.id });
  const kept = repeated === null ? {} : { kept: repeated.kept };
  if (isPlanned(stored)) {
    const refusal = await overLimit(unit, run.project);
    if (refusal !== null) {
      await foldRun(unit, stored, [{ kind: 'cancel-requested', ...refusal, refused: true, at: unit.at }]);
      return { runId: stored.id, number: stored.number };
    }
    await takeTickets(unit, stored);
    await foldRun(unit, stored, [{ kind: 'run-requested', at: unit.at, ...kept }]);
  }
  return { runId: stored.id, number: stored.number };
}

/** Why the run that was just stored may not begin; null: it may. */
async function overLimit(
  unit: Unit,
  project: string,
): Promise<{ readonly by: string; readonly reason: string } | null> {
  const runs = await countOpenRuns(unit.trx, project);
  if (runs === null || runs.open <= runs.most) return null;
  const reason =
    `project ${project} has ${runs.most} runs that have not ended, which is its limit: ` +
    'run this one again when some have, or raise the limit under Settings';
  return { by: 'sluice', reason };
}
