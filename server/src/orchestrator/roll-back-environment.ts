import type { Plan } from '@sluice/pipelines/plan/plan';
import { restoringWork } from '@sluice/pipelines/rollout/restoring-work';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { findEnvironment } from '../store/environment-store.ts';
import { listReleases, releasesOfClusters, type Release } from '../store/release-store.ts';
import { findRun, type Run } from '../store/run-store.ts';
import { startRunIn } from './start-run.ts';
import { inUnit } from './unit.ts';

export interface RollbackWish {
  readonly releaseId: string | null;
  readonly by: { readonly user: string; readonly from: string | null };
  readonly reason: string;
}

export interface RollbackProblem {
  readonly reason: 'unknown-environment' | 'unknown-release' | 'no-earlier-release';
  readonly message: string;
}

const releasesToSearch = 200;

/**
 * Starts a run that puts an earlier release back, by a rolling deployment of its image from its commit. Without
 * a `releaseId` it is the last one that succeeded with another image than the present one; where some clusters have
 * another image than the environment, it is the present one, for all of them.
 */
export async function rollBackEnvironment(
  context: ServerContext,
  environment: string,
  wanted: RollbackWish,
): Promise<Result<{ readonly runId: string }, RollbackProblem>> {
  if ((await findEnvironment(context.db, environment)) === null) {
    return err({ reason: 'unknown-environment', message: `there is no environment "${environment}"` });
  }
  const releases = await listReleases(context.db, environment, releasesToSearch);
  const isMixed = await runsOtherImages(context, environment, releases);
  const release = chooseRelease(environment, releases, wanted.releaseId, isMixed);
  if (!release.ok) return release;
  const origin = await findRun(context.db, release.value.run_id);
  if (origin === null) {
    return err({ reason: 'unknown-release', message: 'the run of that release was removed' });
  }
  return inUnit(context, async (unit) => {
    const plan = rollbackPlan(origin, release.value, environment, wanted);
    const started = await startRunIn(
      unit,
      {
        project: origin.project,
        repositoryId: origin.repositoryId,
        trigger: plan.trigger,
        pipeline: plan.pipeline,
        content: { kind: 'planned', plan },
        deliveryId: null,
      },
      release.value.id,
    );
    if (started === null) throw new Error('a run without a delivery was taken for a repeated one');
    const detail = { version: release.value.version, image: release.value.image, reason: wanted.reason };
    const entry = {
      who: wanted.by.user,
      from: wanted.by.from,
      what: 'environment-rolled-back',
      target: environment,
      detail,
      at: unit.at,
    };
    await recordAudit(unit.trx, entry);
    return ok(started);
  });
}

/** Some of its clusters have another image than the environment: a rollout over them was stopped. */
async function runsOtherImages(
  context: ServerContext,
  environment: string,
  releases: readonly Release[],
): Promise<boolean> {
  const current = releases.find(({ outcome }) => outcome === 'succeeded');
  const clusters = await releasesOfClusters(context.db, environment);
  return [...clusters.values()].some(({ image }) => image !== current?.image);
}

function chooseRelease(
  environment: string,
  releases: readonly Release[],
  releaseId: string | null,
  isMixed: boolean,
): Result<Release, RollbackProblem> {
  const succeeded = releases.filter((release) => release.outcome === 'succeeded');
  if (releaseId !== null) {
    const named = succeeded.find((release) => release.id === releaseId);
    if (named !== undefined) return ok(named);
    const message = `environment "${environment}" has no release ${releaseId} that succeeded: see its history`;
    return err({ reason: 'unknown-release', message });
  }
  const [current, ...earlier] = succeeded;
  if (isMixed && current !== undefined) return ok(current);
  const previous = earlier.find((release) => release.image !== current?.image);
  if (previous !== undefined) return ok(previous);
  const message = `environment "${environment}" has no earlier release with another image to go back to`;
  return err({ reason: 'no-earlier-release', message });
}

function rollbackPlan(origin: Run, release: Release, environment: string, wanted: RollbackWish): Plan {
  const { trigger } = origin;
  const work = restoringWork(release.work);
  return {
    pipeline: `roll back ${environment}`,
    trigger: {
      event: 'manual',
      repository: trigger.repository,
      actor: wanted.by.user,
      commit: trigger.commit,
      branch: trigger.event === 'tag' ? trigger.tag : trigger.branch,
      inputs: {},
    },
    inputs: {},
    env: {},
    stages: [
      {
        id: 'deploy',
        needs: [],
        if: null,
        env: {},
        timeoutMs: work.deadlineMs,
        retry: { attempts: 1, delayMs: 0, factor: 1, maxDelayMs: 0, on: [] },
        allowFailure: false,
        work,
        decision: {
          included: true,
          reasons: [`${wanted.by.user} puts ${release.version} back: ${wanted.reason}`],
        },
      },
    ],
  };
}
