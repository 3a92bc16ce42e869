import { freezeAt, nextFreeze } from '@sluice/pipelines/freeze/freeze-at';
import { noFreeze, type FreezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import type { EnvironmentView, FreezeView, ReleaseView } from '@sluice/pipelines/protocol/api';
import type { Database } from '../store/database.ts';
import { listLooks, placeKey, type StoredLook } from '../store/drift-store.ts';
import { findEnvironment, listEnvironments, type StoredEnvironment } from '../store/environment-store.ts';
import { listReleases } from '../store/release-store.ts';
import { listOpenRollouts } from '../store/rollout-store.ts';
import { clusterViews } from './cluster-views.ts';
import { driftView } from './drift-view.ts';
import { releaseView } from './release-view.ts';

const historyLength = 50;

/** `now`: milliseconds since the epoch. */
export async function environmentViews(db: Database, now: number): Promise<readonly EnvironmentView[]> {
  const [environments, looks] = await Promise.all([listEnvironments(db), listLooks(db)]);
  return Promise.all(environments.map((environment) => environmentView(db, environment, looks, now)));
}

export const freezeView = (rules: FreezeRules, now: number): FreezeView => ({
  rules,
  now: freezeAt(rules, now),
  next: nextFreeze(rules, now),
});

async function environmentView(
  db: Database,
  { name, target, freeze }: StoredEnvironment,
  looks: ReadonlyMap<string, StoredLook>,
  now: number,
): Promise<EnvironmentView> {
  const [releases, open] = await Promise.all([
    listReleases(db, name, historyLength),
    listOpenRollouts(db, name),
  ]);
  const history = releases.map(releaseView);
  const activeRollout = open.find((rollout) => rollout.status === 'active')?.id ?? null;
  const driftOf = (cluster: string | null) =>
    driftView(looks.get(placeKey({ environment: name, cluster })), open.length > 0);
  const clusters = await clusterViews(db, { name, target }, activeRollout, driftOf);
  return {
    name,
    target,
    current: history.find((release) => release.outcome === 'succeeded') ?? null,
    history,
    activeRollout,
    ...(clusters === null ? {} : { clusters }),
    freeze: freezeView(freeze ?? noFreeze, now),
    drift: driftOf(null),
  };
}

/** Newest first; `before`: older than that. Null: there is no such environment. */
export async function releaseViews(
  db: Database,
  environment: string,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly ReleaseView[] | null> {
  if ((await findEnvironment(db, environment)) === null) return null;
  return (await listReleases(db, environment, page.limit, page.before)).map(releaseView);
}
