import { resolveStage } from '@sluice/pipelines/plan/resolve-stage';
import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { EnvironmentConfig, PlaceTarget } from '@sluice/pipelines/protocol/environment';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { startRollout } from '@sluice/pipelines/rollout/advance-rollout';
import { planWaves } from '@sluice/pipelines/rollout/fleet/plan-waves';
import type { RolloutSpec } from '@sluice/pipelines/rollout/rollout-state';
import { openServerLog, sayInLog } from '../ingest/server-log.ts';
import { lockEnvironment } from '../store/environment-store.ts';
import { addToOutbox, type StepCommand } from '../store/outbox-store.ts';
import { findRelease, releasesOfClusters } from '../store/release-store.ts';
import {
  findRolloutOfStage,
  insertRollout,
  listOpenRollouts,
  lockRollout,
  type OpenRollout,
} from '../store/rollout-store.ts';
import { isPlanned, lockRun, type PlannedRun } from '../store/run-store.ts';
import { endDeployStage } from './end-rollout.ts';
import { foldRollout } from './fold-rollout.ts';
import { startedEvent } from './hear-freeze.ts';
import type { Unit } from './unit.ts';
import { warnOfClusters } from './warn-of-clusters.ts';

type Command = Extract<StepCommand, { readonly kind: 'start-rollout' }>;

/**
 * Makes the rollout of a deploy stage. One environment has one active rollout: a newer run supersedes it (it
 * rolls back first, then the newer one begins), and an older run that comes late gives way to the newer one.
 */
export async function startRolloutOfStage(unit: Unit, command: Command): Promise<void> {
  const run = await lockRun(unit.trx, command.runId);
  if (run === null || !isPlanned(run)) return;
  const state = run.content.state.stages[command.stage];
  if (state?.status !== 'running' || state.attempt !== command.attempt) return;
  if ((await findRolloutOfStage(unit.trx, command)) !== undefined) return;
  const attemptId = await openServerLog(unit, command);
  const place = { stage: command.stage, attempt: command.attempt, attemptId };
  const spec = await specOf(unit, run, command.stage);
  if (!spec.ok) {
    const failure = { class: 'failed', message: spec.error, exitCode: null } as const;
    await endDeployStage(unit, run, place, { result: 'failed', failure });
    return;
  }
  const open = await listOpenRollouts(unit.trx, spec.value.environment);
  const newer = open.find((other) => other.runNumber > run.number);
  if (newer !== undefined) {
    const reason = `run ${newer.runNumber} is newer and already deploys to ${spec.value.environment}`;
    await endDeployStage(unit, run, place, { result: 'cancelled', reason });
    return;
  }
  const id = unit.newId();
  await insertRollout(unit.trx, {
    ...place,
    id,
    runId: run.id,
    environment: spec.value.environment,
    status: open.length === 0 ? 'active' : 'waiting',
    state: startRollout(spec.value, unit.at),
    at: unit.at,
  });
  if (open.length > 0) {
    await supersede(unit, run, attemptId, spec.value.environment, open);
    return;
  }
  const stored = await lockRollout(unit.trx, id);
  if (stored === undefined) return;
  await warnOfClusters(unit, stored);
  const started = await startedEvent(unit, run, spec.value.environment);
  await foldRollout(unit, { run, stored }, [started]);
}

async function supersede(
  unit: Unit,
  run: PlannedRun,
  attemptId: string,
  environment: string,
  others: readonly OpenRollout[],
): Promise<void> {
  const numbers = others.map((other) => other.runNumber).join(', ');
  await sayInLog(unit, attemptId, [
    `supersedes the rollout of run ${numbers} in ${environment}: waits until it has rolled back`,
  ]);
  const reason = `superseded by run ${run.number}`;
  await addToOutbox(
    unit.trx,
    [
      ...others.map(({ id }) => ({ kind: 'abort-rollout', rolloutId: id, by: 'sluice', reason }) as const),
      { kind: 'next-rollout', environment },
    ],
    unit.at,
  );
  unit.tell({ kind: 'outbox' });
  unit.tell({ kind: 'run', runId: run.id });
}

/** What is deployed, and where; the environment is locked by it. */
async function specOf(unit: Unit, run: PlannedRun, stageId: string): Promise<Result<RolloutSpec, string>> {
  const { plan, state } = run.content;
  const resolved = resolveStage(plan, state, stageId, { id: run.id, number: run.number });
  if (!resolved.ok) return resolved;
  const { work } = resolved.value;
  if (work.kind !== 'deploy') return err(`stage "${stageId}" is not a deploy stage`);
  const environment = await lockEnvironment(unit.trx, work.environment);
  if (environment === null) {
    return err(
      `there is no environment "${work.environment}": create it under Environments, ` +
        `or with PUT /api/environments/${work.environment}, then start the run again`,
    );
  }
  const waves = await wavesOf(unit, environment, work);
  if (!waves.ok) return err(`stage "${stageId}": environment "${work.environment}" ${waves.error}`);
  const image = await imageOf(unit, run, work.image);
  if (!image.ok) return image;
  const version = `r${run.number}-${run.trigger.commit.sha.slice(0, 7)}`;
  const author = run.trigger.commit.author;
  const spec = { environment: work.environment, version, image: image.value, author, work };
  return ok(waves.value === null ? spec : { ...spec, waves: waves.value });
}

/** Which clusters come after which, with what each of them goes back to; null: the environment is one place. */
async function wavesOf(
  unit: Unit,
  { name, target }: EnvironmentConfig,
  work: DeployWork,
): Promise<Result<NonNullable<RolloutSpec['waves']> | null, string>> {
  const hasContainer = work.container !== null;
  if (target.kind !== 'clusters') {
    if (work.clusters !== undefined) return err('is one place, so it has no `clusters`: remove the key');
    const mismatch = targetMismatch(target, hasContainer);
    return mismatch === null ? ok(null) : err(mismatch);
  }
  const planned = planWaves(target.clusters, work.clusters, work.waves);
  if (!planned.ok) return err(`cannot be deployed to: ${planned.error}`);
  for (const cluster of target.clusters) {
    const mismatch = planned.value.flat().includes(cluster.name)
      ? targetMismatch(cluster.target, hasContainer)
      : null;
    if (mismatch !== null) return err(`has cluster "${cluster.name}", which ${mismatch}`);
  }
  const releases = await releasesOfClusters(unit.trx, name);
  return ok(
    planned.value.map((wave) =>
      wave.map((cluster) => ({ name: cluster, returnsTo: releases.get(cluster)?.version ?? null })),
    ),
  );
}

function targetMismatch(target: PlaceTarget, hasContainer: boolean): string | null {
  if (target.kind === 'docker' && !hasContainer) {
    return 'is a Docker host: say how to run the image with deploy.container (port, replicas, health)';
  }
  if (target.kind === 'kubernetes' && hasContainer) {
    return 'is a Kubernetes namespace: name the manifests with deploy.manifests instead of deploy.container';
  }
  return null;
}

/** The image that a push or build stage gave, or that of the release which the run puts back. */
async function imageOf(unit: Unit, run: PlannedRun, stageId: string): Promise<Result<string, string>> {
  if (run.restoresReleaseId !== null) {
    const release = await findRelease(unit.trx, run.restoresReleaseId);
    return release === undefined ? err('the release to put back was removed') : ok(release.image);
  }
  const stage = run.content.state.stages[stageId];
  const image = stage?.status === 'succeeded' ? stage.outputs['image'] : undefined;
  return image === undefined
    ? err(
        `stage "${stageId}" gave no image: deploy.image must name a build or push stage that succeeded before`,
      )
    : ok(image);
}
