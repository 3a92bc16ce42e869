import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import type { Rerun, RerunOf } from '@sluice/pipelines/protocol/api';
import type { Plan } from '@sluice/pipelines/plan/plan';
import { err, ok, type Result } from '@sluice/pipelines/result';
import {
  chooseRerun,
  keptStages,
  type RerunProblem,
  type RerunStage,
} from '@sluice/pipelines/run/choose-rerun';
import { keepFailures } from '@sluice/pipelines/run/keep-failures';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { bumpRun, isPlanned, lockRun, type PlannedRun, type Run } from '../store/run-store.ts';
import { findGoneImages } from './gone-images.ts';
import { startRunIn } from './start-run.ts';
import { inUnit, type Unit } from './unit.ts';

export interface RerunWish {
  readonly what: Rerun['what'];
  /** Made anew from the branch's newest commit; null: the run's own plan. */
  readonly current: {
    readonly pipeline: string;
    readonly plan: Plan;
    /** Warnings of its file. */
    readonly diagnostics: readonly Diagnostic[];
  } | null;
  /** Failed stages are kept for a shell. */
  readonly debug: boolean;
  readonly by: { readonly user: string; readonly from: string | null };
}

export interface RerunRefusal {
  readonly reason: RerunProblem['reason'] | 'unknown-run' | 'nothing-to-keep' | 'pipeline-broken';
  readonly message: string;
}

/**
 * Starts a new run that repeats another one, wholly or in part. What is kept has ended in it before it begins, with
 * its outputs; nothing of the old run changes but that it is known to be repeated.
 */
export async function rerunRun(
  context: ServerContext,
  runId: string,
  wish: RerunWish,
): Promise<Result<{ readonly runId: string; readonly number: number }, RerunRefusal>> {
  return inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, runId);
    if (run === null) return unknownRun;
    const choice = await choose(unit, run, wish);
    if (!choice.ok) return choice;
    const planned = wish.current?.plan ?? (isPlanned(run) ? run.content.plan : null);
    if (planned === null) return err(brokenRun(run));
    const plan = wish.debug ? keepFailures(planned) : planned;
    const kept = isPlanned(run)
      ? keptStages(run.content.state, choice.value, { runId: run.id, number: run.number })
      : {};
    const started = await startRunIn(
      unit,
      {
        project: run.project,
        repositoryId: run.repositoryId,
        trigger: plan.trigger,
        pipeline: wish.current?.pipeline ?? run.pipeline,
        content: { kind: 'planned', plan, diagnostics: (wish.current ?? run.content).diagnostics ?? [] },
        deliveryId: null,
      },
      run.restoresReleaseId,
      { rerun: rerunOf(run, wish), kept },
    );
    if (started === null) throw new Error('a run without a delivery was taken for a repeated one');
    await bumpRun(unit.trx, run.id, unit.at);
    unit.tell({ kind: 'run', runId: run.id });
    await audit(unit, run, started, wish);
    return ok(started);
  });
}

/** What `rerunRun` would run and keep now. */
export async function previewRerun(
  context: ServerContext,
  runId: string,
  wish: Pick<RerunWish, 'what' | 'current'>,
): Promise<Result<readonly RerunStage[], RerunRefusal>> {
  return inUnit(context, async (unit) => {
    const run = await lockRun(unit.trx, runId);
    return run === null ? unknownRun : choose(unit, run, wish);
  });
}

async function choose(
  unit: Unit,
  run: Run,
  { what, current }: Pick<RerunWish, 'what' | 'current'>,
): Promise<Result<readonly RerunStage[], RerunRefusal>> {
  if (current !== null) {
    if (what !== 'all') return err(nothingToKeep);
    if (run.finishedAt === null && isPlanned(run)) return chooseIn(unit, run, 'all');
    const reason = 'everything is run again';
    return ok(current.plan.stages.map(({ id }) => ({ stage: id, kept: false, reason })));
  }
  return isPlanned(run) ? chooseIn(unit, run, what) : err(brokenRun(run));
}

async function chooseIn(
  unit: Unit,
  run: PlannedRun,
  what: Rerun['what'],
): Promise<Result<readonly RerunStage[], RerunRefusal>> {
  const { plan, state } = run.content;
  return chooseRerun(plan, state, what, await findGoneImages(unit, run));
}

const unknownRun = err({ reason: 'unknown-run', message: 'there is no such run' } as const);

const nothingToKeep: RerunRefusal = {
  reason: 'nothing-to-keep',
  message:
    'stages of an older commit say nothing about the newest one: run all of it with the current plan, or keep what ' +
    'succeeded with the original one',
};

const brokenRun = (run: Run): RerunRefusal => ({
  reason: 'pipeline-broken',
  message: `${run.pipeline} could not be read at that commit: correct it, and run it again with the current plan`,
});

function rerunOf({ id, number }: Run, { what, current, by }: RerunWish): RerunOf {
  return {
    runId: id,
    number,
    by: by.user,
    what: typeof what === 'object' ? 'from' : what,
    from: typeof what === 'object' ? what.from : null,
    plan: current === null ? 'original' : 'current',
  };
}

async function audit(
  unit: Unit,
  run: Run,
  started: { readonly runId: string; readonly number: number },
  wish: RerunWish,
): Promise<void> {
  const { what, from, plan } = rerunOf(run, wish);
  await recordAudit(unit.trx, {
    who: wish.by.user,
    from: wish.by.from,
    what: 'run-rerun',
    target: run.id,
    detail: {
      run: run.number,
      startedRun: started.number,
      startedId: started.runId,
      what,
      stage: from,
      plan,
      debug: wish.debug,
    },
    at: unit.at,
  });
}
