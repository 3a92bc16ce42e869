import { placesOf } from '@sluice/pipelines/protocol/environment';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { wantLooks } from '../store/drift-store.ts';
import { findEnvironment } from '../store/environment-store.ts';
import { newestRelease, releasesOfClusters } from '../store/release-store.ts';
import { listOpenRollouts } from '../store/rollout-store.ts';
import { inUnit } from './unit.ts';

export interface CheckProblem {
  readonly reason: 'unknown-environment' | 'unknown-cluster' | 'rollout-under-way';
  readonly message: string;
}

/**
 * A person asks for a look at each place of an environment, or at one cluster of it, now. A service on a Docker host has a
 * worker only once something was released to it, so before that nobody is asked.
 */
export async function checkEnvironment(
  context: ServerContext,
  environment: string,
  cluster: string | null,
  { user: who, from }: { readonly user: string; readonly from: string | null },
): Promise<Result<null, CheckProblem>> {
  return inUnit(context, async ({ trx, at }): Promise<Result<null, CheckProblem>> => {
    const found = await findEnvironment(trx, environment);
    if (found === null) {
      return err({ reason: 'unknown-environment', message: `There is no environment "${environment}".` });
    }
    const places = placesOf(found.target).filter((place) => cluster === null || place.cluster === cluster);
    if (places.length === 0) {
      const message = `Environment "${environment}" has no cluster "${cluster ?? ''}".`;
      return err({ reason: 'unknown-cluster', message });
    }
    if ((await listOpenRollouts(trx, environment)).length > 0) {
      const message = `A rollout changes ${environment}: nobody looks at it before that has ended.`;
      return err({ reason: 'rollout-under-way', message });
    }
    const released = await releasesOfClusters(trx, environment);
    const whole = await newestRelease(trx, environment, null);
    const wanted = places.filter(
      ({ cluster: name, target }) =>
        target.kind === 'kubernetes' || (name === null ? whole !== undefined : released.has(name)),
    );
    await wantLooks(
      trx,
      wanted.map((place) => ({ environment, cluster: place.cluster })),
      at,
    );
    const what = 'environment-checked';
    await recordAudit(trx, { who, what, target: environment, detail: { cluster }, at, from });
    return ok(null);
  });
}
