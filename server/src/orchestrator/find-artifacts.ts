import { artifactSources } from '@sluice/pipelines/plan/artifact-sources';
import { wholePlan } from '@sluice/pipelines/plan/whole-plan';
import type { Plan, PlannedStage } from '@sluice/pipelines/plan/plan';
import { originRun, type RunState } from '@sluice/pipelines/run/run-state';
import { listArtifactsOfRuns, type ArtifactRow } from '../store/artifact-store.ts';
import type { Database } from '../store/database.ts';
import { findRun } from '../store/run-store.ts';

/**
 * What a stage gets into its workspace, in the order of the plan: of each source its last attempt's artifact, from the
 * run in which the source did its work. Most stages have no source and are spared the question.
 */
export async function findArtifactsFor(
  db: Database,
  runId: string,
  plan: Plan,
  stage: PlannedStage,
): Promise<readonly ArtifactRow[]> {
  const sources = artifactSources(plan, stage);
  if (sources.length === 0) return [];
  const run = await findRun(db, runId);
  if (run?.content.kind !== 'planned') return [];
  const { state } = run.content;
  return lastArtifacts(db, runId, state, artifactSources(wholePlan(plan, state), stage));
}

/** Of each of these stages of a run, the artifact of its last attempt that kept one. */
export async function lastArtifacts(
  db: Database,
  runId: string,
  state: RunState,
  stages: readonly string[],
): Promise<readonly ArtifactRow[]> {
  const origins = new Map(stages.map((stage) => [stage, originRun(state.stages[stage]) ?? runId]));
  const known = await listArtifactsOfRuns(db, [...new Set(origins.values())]);
  return stages.flatMap((stage) => {
    const own = known.filter((each) => each.stage === stage && each.run_id === origins.get(stage));
    return own.toSorted((a, b) => a.attempt - b.attempt).slice(-1);
  });
}
