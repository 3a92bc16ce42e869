import type { EnvironmentCheckView } from '@sluice/pipelines/protocol/api';
import { placesOf } from '@sluice/pipelines/protocol/environment';
import type { Database } from '../store/database.ts';
import { listLooks, placeKey } from '../store/drift-store.ts';
import { findEnvironment } from '../store/environment-store.ts';
import { newestRelease, releasesOfClusters } from '../store/release-store.ts';
import { listOpenRollouts } from '../store/rollout-store.ts';
import { driftView } from './drift-view.ts';

/** Null: there is no such environment. */
export async function environmentCheckView(db: Database, name: string): Promise<EnvironmentCheckView | null> {
  const environment = await findEnvironment(db, name);
  if (environment === null) return null;
  const [looks, clusters, whole, [open]] = await Promise.all([
    listLooks(db, name),
    releasesOfClusters(db, name),
    newestRelease(db, name, null),
    listOpenRollouts(db, name),
  ]);
  return {
    activeRollout: open?.id ?? null,
    places: placesOf(environment.target).map(({ cluster, target: { kind } }) => ({
      cluster,
      kind,
      current: (cluster === null ? whole : clusters.get(cluster))?.version ?? null,
      look: driftView(looks.get(placeKey({ environment: name, cluster })), open !== undefined),
    })),
  };
}
