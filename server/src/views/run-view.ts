import { foreseeFailure } from '@sluice/pipelines/run/foresee-failure';
import { wholePlan } from '@sluice/pipelines/plan/whole-plan';
import type { ArtifactView, AttemptView, RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import { listArtifactsOfRuns, type ArtifactRow } from '../store/artifact-store.ts';
import { listAttemptsOfRuns, type Attempt } from '../store/attempt-store.ts';
import { listBlobsOfRuns, type Blob } from '../store/blob-store.ts';
import { originRun } from '@sluice/pipelines/run/run-state';
import type { Database } from '../store/database.ts';
import { listReportRowsOfRuns, type ReportRow } from '../store/report-store.ts';
import { listHoldsOfRuns, type Hold } from '../store/hold-store.ts';
import { phasesOfRuns } from '../store/rollout-store.ts';
import { findRun, listReruns, type Run } from '../store/run-store.ts';
import { runWaits } from './waits-view.ts';
import { shownStageStatus, type StageRollout } from '../orchestrator/shown-status.ts';

/** Everything about a run but its logs; null when there is no such run. */
export async function runView(db: Database, runId: string): Promise<RunView | null> {
  const run = await findRun(db, runId);
  if (run === null) return null;
  const origins = originsOf(run);
  const runIds = [...new Set([runId, ...origins.values()])];
  const [allRollouts, allAttempts, blobs, allArtifacts, reruns, reports, holds] = await Promise.all([
    phasesOfRuns(db, runIds),
    listAttemptsOfRuns(db, runIds),
    listBlobsOfRuns(db, runIds),
    listArtifactsOfRuns(db, runIds),
    listReruns(db, runId),
    listReportRowsOfRuns(db, runIds),
    listHoldsOfRuns(db, runIds),
  ]);
  // A stage that was kept shows what it did in the run in which it did it.
  const belongs = ({ run_id, stage }: { readonly run_id: string; readonly stage: string }): boolean =>
    run_id === (origins.get(stage) ?? runId);
  const [rollouts, attempts] = [allRollouts.filter(belongs), allAttempts.filter(belongs)];
  const { content } = run;
  return {
    ...summaryOf(run, rollouts),
    reruns: reruns.map(({ id, number, rerun }) => ({ id, number, by: rerun?.by ?? '' })),
    revision: run.revision,
    plan: content.kind === 'planned' ? wholePlan(content.plan, content.state) : null,
    state: content.kind === 'planned' ? content.state : null,
    diagnostics: content.diagnostics ?? [],
    attempts: attempts.map((attempt) => attemptView(attempt, blobs, reports, holds)),
    rollouts: rollouts
      .filter(({ parent_id: leader }) => leader === null)
      .map(({ id, stage, phase }) => ({ id, stage, phase })),
    artifacts: allArtifacts.filter(belongs).map(artifactView),
  };
}

/** The same with what waits now, and behind whom. */
export async function runViewWithWaits(db: Database, runId: string, now: number): Promise<RunView | null> {
  const run = await runView(db, runId);
  if (run === null) return null;
  return { ...run, waits: run.finishedAt === null ? await runWaits(db, runId, now) : [] };
}

/** Kept stage → id of the run in which it ran. */
function originsOf({ content }: Run): ReadonlyMap<string, string> {
  if (content.kind === 'broken') return new Map();
  return new Map(
    Object.entries(content.state.stages).flatMap(([id, stage]) => {
      const origin = originRun(stage);
      return origin === null ? [] : [[id, origin]];
    }),
  );
}

/** In the order of `runs`. */
export async function runSummaries(db: Database, runs: readonly Run[]): Promise<readonly RunSummary[]> {
  const rollouts = await phasesOfRuns(
    db,
    runs.map((run) => run.id),
  );
  return runs.map((run) =>
    summaryOf(
      run,
      rollouts.filter((rollout) => rollout.run_id === run.id),
    ),
  );
}

function summaryOf(run: Run, rollouts: readonly StageRollout[]): RunSummary {
  const { trigger, content } = run;
  return {
    id: run.id,
    number: run.number,
    project: run.project,
    repository: run.repository,
    pipeline: run.pipeline,
    event: trigger.event,
    ref: trigger.event === 'tag' ? trigger.tag : trigger.branch,
    commit: trigger.commit,
    actor: trigger.actor,
    status: run.status,
    createdAt: run.createdAt,
    finishedAt: run.finishedAt,
    willFail: content.kind === 'broken' ? null : foreseeFailure(content.plan, content.state),
    rerunOf: run.rerun,
    stages:
      content.kind === 'broken'
        ? []
        : wholePlan(content.plan, content.state).stages.flatMap(({ id }) => {
            const stage = content.state.stages[id];
            return stage === undefined ? [] : [{ id, status: shownStageStatus(id, stage, rollouts) }];
          }),
  };
}

function attemptView(
  attempt: Attempt,
  blobs: readonly Blob[],
  reports: readonly ReportRow[],
  holds: readonly Hold[],
): AttemptView {
  const report = reports.find((row) => row.attempt_id === attempt.id);
  const { stated_lines: lines, stated_digest: digest, verified } = attempt;
  return {
    id: attempt.id,
    stage: attempt.stage,
    attempt: attempt.number,
    worker: attempt.worker_id,
    logLines: attempt.log_lines,
    log: lines === null || digest === null ? null : { lines, digest, verified: verified === true },
    blobs: blobs.filter((blob) => blob.attempt_id === attempt.id).map(({ name, bytes }) => ({ name, bytes })),
    ...(report === undefined ? {} : { reports: figuresOf(report) }),
    heldUntil: holds.find((hold) => hold.attempt_id === attempt.id)?.until ?? null,
  };
}

const artifactView = (artifact: ArtifactRow): ArtifactView => ({
  id: artifact.id,
  stage: artifact.stage,
  attempt: artifact.attempt,
  bytes: artifact.bytes,
  unpackedBytes: artifact.unpacked_bytes,
  fileCount: artifact.file_count,
  createdAt: artifact.created_at,
  expiresAt: artifact.expires_at,
  isExpired: artifact.sha256 === null,
});

function figuresOf(row: ReportRow): NonNullable<AttemptView['reports']> {
  const { passed, failed, skipped, lines_covered: covered, lines_total: total } = row;
  return { passed, failed, skipped, lines: covered === null || total === null ? null : { covered, total } };
}
