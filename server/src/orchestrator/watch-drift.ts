// Whether places (environments, or single clusters of them) still run what was released there, and whether their credentials
// may do what a rollout does. Workers ask for the next look when they have time; a look is read only, takes one place at a
// time, and none while a rollout changes its environment.
import type { DriftLook, DriftQuestion, DriftReport } from '@sluice/pipelines/protocol/drift';
import { placesOf, type PlaceTarget } from '@sluice/pipelines/protocol/environment';
import { differenceInWords, type Difference, type Released } from '@sluice/pipelines/rollout/drift';
import { afterLook } from '@sluice/pipelines/rollout/place-look';
import type { ServerContext } from '../context.ts';
import { notify } from '../notifications/notify.ts';
import { lockLook, placeKey, saveLook, takeLook, type Place } from '../store/drift-store.ts';
import { listEnvironments, type StoredEnvironment } from '../store/environment-store.ts';
import { newestRelease, type Release } from '../store/release-store.ts';
import { findRollout, listOpenRollouts } from '../store/rollout-store.ts';
import { findRun } from '../store/run-store.ts';
import { lookKubeconfig } from './look-kubeconfig.ts';
import { inUnit, type Unit } from './unit.ts';

const everyMs = 5 * 60_000;
const leaseMs = 60_000;

type TargetedPlace = Place & { readonly target: PlaceTarget };

/** Null: nothing is due that this worker can look at. */
export async function nextDriftLook(
  context: ServerContext,
  question: DriftQuestion,
): Promise<DriftLook | null> {
  const environments = await listEnvironments(context.db);
  const places = environments.flatMap((environment) => placesFor(environment, question));
  const byKey = new Map(places.map((place) => [placeKey(place), place]));
  for (;;) {
    const look = await inUnit(context, ({ trx, at }) => takeLook(trx, places, at, leaseMs));
    const place = look === null ? undefined : byKey.get(placeKey(look));
    if (look === null || place === undefined) return null;
    const { environment, cluster, target } = place;
    const { fence } = look;
    const release = await newestRelease(context.db, environment, cluster);
    const kubeconfig = await lookKubeconfig(context, place, release);
    if (kubeconfig.ok) {
      const released = release === undefined ? null : rightsOf(release);
      const { installation } = context;
      return { environment, cluster, fence, installation, target, kubeconfig: kubeconfig.value, released };
    }
    const seen = { kind: 'unreadable', message: kubeconfig.error } as const;
    await hearDrift(context, environment, { cluster, fence, seen, missingRights: null });
  }
}

/** Namespaces any worker can look at; services on a Docker host only the one that has them. */
function placesFor(
  { name: environment, target }: StoredEnvironment,
  { environments, services }: DriftQuestion,
): readonly TargetedPlace[] {
  if (target.kind === 'clusters' && services === undefined) return [];
  return placesOf(target)
    .filter(({ cluster, target: place }) => {
      if (place.kind === 'kubernetes') return true;
      if (cluster === null) return environments.includes(environment);
      return services?.some((has) => has.environment === environment && has.service === place.service);
    })
    .map((place) => ({ environment, ...place }));
}

const rightsOf = ({ work: { traffic } }: Release): NonNullable<DriftLook['released']> =>
  traffic === undefined ? {} : { traffic };

export async function hearDrift(
  context: ServerContext,
  environment: string,
  { fence, cluster, ...report }: DriftReport,
): Promise<void> {
  const place = { environment, cluster };
  await inUnit(context, async (unit) => {
    const before = await lockLook(unit.trx, place, fence);
    if (before === undefined || (await listOpenRollouts(unit.trx, environment)).length > 0) return;
    const release = await newestRelease(unit.trx, environment, cluster);
    const released = release === undefined ? null : await releasedBy(unit, release);
    const after = afterLook(before, report, released, unit.at);
    await saveLook(unit.trx, place, after, unit.at + everyMs);
    if (release !== undefined && after.drift !== null && before.drift === null)
      await tell(unit, place, release, after.drift.differences);
  });
}

async function releasedBy({ trx }: Unit, release: Release): Promise<Released> {
  const rollout = await findRollout(trx, release.rollout_id);
  const stable = rollout?.state.facts?.stable ?? null;
  const { version, image, work } = release;
  const replicas = stable?.version === version ? stable.replicas : (work.container?.replicas ?? null);
  return { version, image, replicas };
}

async function tell(
  unit: Unit,
  { environment, cluster }: Place,
  release: Release,
  differences: readonly Difference[],
): Promise<void> {
  const run = await findRun(unit.trx, release.run_id);
  const named = release.work.notify ?? [];
  const what = differences.map(differenceInWords).join('; ');
  const event = {
    kind: 'drift',
    project: run?.project ?? 'default',
    repository: run?.repository ?? '',
    environment,
    subject: release.version,
    run: null,
    path: '/environments',
    reason: cluster === null ? what : `cluster "${cluster}": ${what}`,
    at: unit.at,
  } as const;
  const key = cluster === null ? environment : `${environment}/${cluster}`;
  await notify(unit, `drift:${key}:${unit.at}`, event, named);
}
