// Whether environments still run what was released there. Workers ask for the next look when they have time; a look is
// read only, takes one environment at a time, and none while a rollout changes it. Those of several clusters are not
// looked at.
import type { DriftLook, DriftQuestion, DriftReport } from '@sluice/pipelines/protocol/drift';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { differenceInWords, driftOf, type Difference, type Released } from '@sluice/pipelines/rollout/drift';
import type { ServerContext } from '../context.ts';
import { notify } from '../notifications/notify.ts';
import { forgetLook, lockLook, saveLook, takeLook, type EnvironmentLook } from '../store/drift-store.ts';
import { listEnvironments, type StoredEnvironment } from '../store/environment-store.ts';
import { listReleases, type Release } from '../store/release-store.ts';
import { findRollout, listOpenRollouts } from '../store/rollout-store.ts';
import { findRun } from '../store/run-store.ts';
import { readSecrets } from '../store/secret-store.ts';
import { inUnit, type Unit } from './unit.ts';

const everyMs = 5 * 60_000;
const leaseMs = 60_000;
const releasesToSearch = 50;

/** Null: nothing is due that this worker can look at. */
export async function nextDriftLook(
  context: ServerContext,
  { environments: hosted }: DriftQuestion,
): Promise<DriftLook | null> {
  const all = await listEnvironments(context.db);
  const own = all.filter(
    ({ name, target }) => target.kind === 'kubernetes' || (target.kind === 'docker' && hosted.includes(name)),
  );
  const taken = await takeWatched(
    context,
    own.map(({ name }) => name),
  );
  const environment = own.find(({ name }) => name === taken?.look.environment);
  if (taken === null || environment === undefined || environment.target.kind === 'clusters') return null;
  const access = await accessOf(context, environment, taken.release);
  if (!access.ok) {
    await hearDrift(context, environment.name, {
      fence: taken.look.fence,
      seen: { kind: 'unreadable', message: access.error },
    });
    return null;
  }
  return {
    environment: environment.name,
    fence: taken.look.fence,
    installation: context.installation,
    target: environment.target,
    kubeconfig: access.value,
  };
}

/** Those in which nothing was released, or that a rollout changes, are passed over until they are due again. */
async function takeWatched(
  context: ServerContext,
  environments: readonly string[],
): Promise<{ readonly look: EnvironmentLook; readonly release: Release } | null> {
  return inUnit(context, async (unit) => {
    for (;;) {
      const look = await takeLook(unit.trx, environments, unit.at, leaseMs);
      if (look === null) return null;
      const release = await watchedRelease(unit, look.environment);
      if (release !== null) return { look, release };
      await forgetLook(unit.trx, look.environment, unit.at + everyMs);
    }
  });
}

export async function hearDrift(
  context: ServerContext,
  environment: string,
  { fence, seen }: DriftReport,
): Promise<void> {
  await inUnit(context, async (unit) => {
    const look = await lockLook(unit.trx, environment, fence);
    const release = look === undefined ? null : await watchedRelease(unit, environment);
    if (look === undefined || release === null) return;
    const dueAt = unit.at + everyMs;
    if (seen.kind === 'unreadable') {
      const { looked_at: lookedAt, drift } = look;
      await saveLook(unit.trx, environment, { dueAt, lookedAt, drift, problem: seen.message });
      return;
    }
    const differences = driftOf(await releasedBy(unit, release), seen);
    const drift = differences.length === 0 ? null : { since: look.drift?.since ?? unit.at, differences };
    await saveLook(unit.trx, environment, { dueAt, lookedAt: unit.at, drift, problem: null });
    if (drift !== null && look.drift === null) await tell(unit, environment, release, differences);
  });
}

/** Null: nothing was released, or a rollout is changing it. */
async function watchedRelease(unit: Unit, environment: string): Promise<Release | null> {
  if ((await listOpenRollouts(unit.trx, environment)).length > 0) return null;
  const releases = await listReleases(unit.trx, environment, releasesToSearch);
  return releases.find(({ outcome }) => outcome === 'succeeded') ?? null;
}

async function releasedBy({ trx }: Unit, release: Release): Promise<Released> {
  const rollout = await findRollout(trx, release.rollout_id);
  const stable = rollout?.state.facts?.stable ?? null;
  const { version, image, work } = release;
  const replicas = stable?.version === version ? stable.replicas : (work.container?.replicas ?? null);
  return { version, image, replicas };
}

/** The kubeconfig; null: the worker's own. */
async function accessOf(
  context: ServerContext,
  { name, target }: StoredEnvironment,
  release: Release,
): Promise<Result<string | null, string>> {
  const secret = target.kind === 'kubernetes' ? target.kubeconfigSecret : null;
  if (secret === null) return ok(null);
  const run = await findRun(context.db, release.run_id);
  const found = run === null ? {} : await readSecrets(context, run.project, [secret]);
  const text = found[secret];
  return text === undefined
    ? err(`the secret "${secret}", which holds the kubeconfig of "${name}", is missing`)
    : ok(text);
}

async function tell(
  unit: Unit,
  environment: string,
  release: Release,
  differences: readonly Difference[],
): Promise<void> {
  const run = await findRun(unit.trx, release.run_id);
  const named = release.work.notify ?? [];
  const event = {
    kind: 'drift',
    project: run?.project ?? 'default',
    repository: run?.repository ?? '',
    environment,
    subject: release.version,
    run: null,
    path: '/environments',
    reason: differences.map(differenceInWords).join('; '),
    at: unit.at,
  } as const;
  await notify(unit, `drift:${environment}:${unit.at}`, event, named);
}
