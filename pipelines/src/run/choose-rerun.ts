// What a re-run does again and what it keeps. A stage is kept only with everything that it stands on, so that no kept
// result was made from one that is made anew.
import type { StageWork } from '../language/definition.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { leavesOf } from '../plan/members-of.ts';
import { wholePlan } from '../plan/whole-plan.ts';
import { err, ok, type Result } from '../result.ts';
import { findStage } from './find-stage.ts';
import { isStageEnd, type KeptFrom, type RunState, type StageEnd } from './run-state.ts';

export type RerunWhat = 'all' | 'failed' | { readonly from: string };

export interface RerunStage {
  readonly stage: string;
  readonly kept: boolean;
  /** For people: why it is run again, or how it ended before. */
  readonly reason: string;
}

export interface RerunProblem {
  readonly reason: 'run-not-ended' | 'unknown-stage' | 'nothing-failed';
  readonly message: string;
}

/**
 * Every stage of the plan, in its order. `goneImages`: build stages whose image is no longer on an engine, and why;
 * they are built again where a stage that is run again uses the image.
 */
export function chooseRerun(
  frozen: Plan,
  state: RunState,
  what: RerunWhat,
  goneImages: ReadonlyMap<string, string>,
): Result<readonly RerunStage[], RerunProblem> {
  const plan = wholePlan(frozen, state);
  const problem = whyNot(plan, state, what);
  if (problem !== null) return err(problem);
  const again = new Map<string, string>();
  const parts = typeof what === 'object' ? new Set(leavesOf(plan, what.from)) : new Set<string>();
  for (const { id } of plan.stages) {
    const isPartOfFirst = parts.has(id);
    const why = ownReason(state, id, isPartOfFirst ? { from: id } : what);
    if (why !== null) again.set(id, why);
  }
  spread(plan, goneImages, again);
  return ok(
    plan.stages.map(({ id }) => {
      const why = again.get(id);
      return why === undefined
        ? { stage: id, kept: true, reason: pastOf(state, id) }
        : { stage: id, kept: false, reason: why };
    }),
  );
}

/** How the kept stages end in the new run, before it begins. */
export function keptStages(
  state: RunState,
  choice: readonly RerunStage[],
  origin: KeptFrom,
): Readonly<Record<string, StageEnd>> {
  const kept: Record<string, StageEnd> = {};
  for (const { stage, kept: isKept } of choice) {
    const ended = state.stages[stage];
    if (!isKept || ended === undefined || !isStageEnd(ended) || ended.status === 'cancelled') continue;
    const from = ended.kept ?? origin;
    const reason = `kept from run #${from.number}`;
    kept[stage] =
      ended.status === 'failed'
        ? { ...ended, kept: from }
        : ended.status === 'skipped'
          ? {
              ...ended,
              kept: from,
              reason: ended.kept === undefined ? `${ended.reason} (${reason})` : ended.reason,
            }
          : { ...ended, kept: from, reason };
  }
  return kept;
}

function whyNot(plan: Plan, state: RunState, what: RerunWhat): RerunProblem | null {
  if (state.status === 'running') {
    const message = 'this run has not ended yet: wait for its end, or cancel it, and then run it again';
    return { reason: 'run-not-ended', message };
  }
  if (what === 'failed' && !plan.stages.some(({ id }) => isFailure(state.stages[id]))) {
    const message = 'no stage of this run failed or was cancelled: run all of it again, or from a stage on';
    return { reason: 'nothing-failed', message };
  }
  if (typeof what === 'object' && findStage(plan, what.from) === undefined) {
    const names = plan.stages.map(({ id }) => id).join(', ');
    return { reason: 'unknown-stage', message: `this run has no stage "${what.from}": it has ${names}` };
  }
  return null;
}

const isFailure = (stage: RunState['stages'][string] | undefined): boolean =>
  stage?.status === 'cancelled' || (stage?.status === 'failed' && !stage.allowed);

/** Why a stage is run again for its own sake. One that failed could only fail the run again if it were kept. */
function ownReason(state: RunState, id: string, what: RerunWhat): string | null {
  if (what === 'all') return 'everything is run again';
  if (typeof what === 'object' && what.from === id) return 'from here on';
  const stage = state.stages[id];
  if (stage === undefined || !isStageEnd(stage)) return 'it has not ended';
  if (!isFailure(stage)) return null;
  return stage.status === 'cancelled' ? 'was cancelled' : 'failed';
}

/** Adds what follows from the stages that are run again, until nothing more does. */
function spread(plan: Plan, goneImages: ReadonlyMap<string, string>, again: Map<string, string>): void {
  for (let size = -1; size !== again.size;) {
    size = again.size;
    for (const stage of plan.stages) {
      if (again.has(stage.id)) continue;
      const why = followingReason(plan, stage, goneImages, again);
      if (why !== null) again.set(stage.id, why);
    }
  }
}

function followingReason(
  plan: Plan,
  stage: PlannedStage,
  goneImages: ReadonlyMap<string, string>,
  again: ReadonlyMap<string, string>,
): string | null {
  const need = stage.needs.find((each) => again.has(each.stage));
  if (need !== undefined) return `needs ${need.stage}, which is run again`;
  const gone = goneImages.get(stage.id);
  if (gone !== undefined) {
    const user = plan.stages.find((each) => again.has(each.id) && imageOf(each.work) === stage.id);
    if (user !== undefined) return `${gone}, and ${user.id} needs it`;
  }
  if (stage.work.kind === 'approve') {
    const deploy = guardedDeploys(plan, stage.id).find((id) => again.has(id));
    if (deploy !== undefined) return `approves ${deploy}, which is run again: people are asked anew`;
  }
  return null;
}

/** The stage whose image this work takes from an engine. */
function imageOf(work: StageWork): string | null {
  if (work.kind === 'scan' || work.kind === 'push') return work.of;
  return work.kind === 'deploy' ? work.image : null;
}

/** Deploy stages that stand behind an approval with no other deploy stage in between. */
function guardedDeploys(plan: Plan, approval: string): readonly string[] {
  const behind = new Set([approval]);
  const deploys: string[] = [];
  for (const { id, needs, work } of plan.stages) {
    if (!needs.some((need) => behind.has(need.stage))) continue;
    if (work.kind === 'deploy') deploys.push(id);
    else behind.add(id);
  }
  return deploys;
}

function pastOf(state: RunState, id: string): string {
  const stage = state.stages[id];
  if (stage?.status === 'failed') return 'failed, which is allowed';
  return stage?.status ?? 'unknown';
}
