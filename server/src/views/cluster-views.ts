import type { ClusterRolloutView, ClusterView, DriftView } from '@sluice/pipelines/protocol/api';
import type { EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import { mayPromoteWithAll } from '@sluice/pipelines/rollout/fleet/steering-fleet';
import type { Database } from '../store/database.ts';
import { releasesOfClusters } from '../store/release-store.ts';
import {
  findRollout,
  listClusterRollouts,
  listLedStandings,
  type StoredRollout,
} from '../store/rollout-store.ts';
import { releaseView } from './release-view.ts';

/** How the clusters of a rollout over several of them stand, in the order of its waves. */
export async function clusterRolloutViews(
  db: Database,
  { id, state }: Pick<StoredRollout, 'id' | 'state'>,
): Promise<readonly ClusterRolloutView[]> {
  const [led, underWay] = await Promise.all([listClusterRollouts(db, id), listLedStandings(db, id)]);
  const last = new Map(led.map((rollout) => [rollout.cluster, rollout]));
  return (state.spec.waves ?? []).flatMap((wave, index) =>
    wave.flatMap(({ name }) => {
      const standing = state.fleet?.clusters[name];
      if (standing === undefined) return [];
      const { status, note, since } = standing;
      const rollout = last.get(name);
      const own = underWay.find(({ cluster }) => cluster === name);
      const canPromote = own !== undefined && mayPromoteWithAll(state, own);
      return [
        {
          name,
          wave: index + 1,
          status,
          note,
          since,
          rolloutId: rollout?.id ?? null,
          phase: rollout?.phase ?? null,
          ...(canPromote ? { canPromote } : {}),
        },
      ];
    }),
  );
}

/** The clusters of an environment with what runs there; null: it is one place. */
export async function clusterViews(
  db: Database,
  environment: { readonly name: string; readonly target: EnvironmentTarget },
  activeRollout: string | null,
  driftOf: (cluster: string) => DriftView | null,
): Promise<readonly ClusterView[] | null> {
  const { name, target } = environment;
  if (target.kind !== 'clusters') return null;
  const active = activeRollout === null ? undefined : await findRollout(db, activeRollout);
  const [releases, rollouts] = await Promise.all([
    releasesOfClusters(db, name),
    active === undefined ? [] : clusterRolloutViews(db, active),
  ]);
  return target.clusters.map((cluster) => {
    const release = releases.get(cluster.name);
    return {
      name: cluster.name,
      partition: cluster.partition,
      current: release === undefined ? null : releaseView(release),
      drift: driftOf(cluster.name),
      rollout: rollouts.find((rollout) => rollout.name === cluster.name) ?? null,
    };
  });
}
