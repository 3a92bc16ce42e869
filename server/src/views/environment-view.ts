import { freezeAt, nextFreeze } from '@sluice/pipelines/freeze/freeze-at';
import { noFreeze, type FreezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import type { DriftView, EnvironmentView, FreezeView, ReleaseView } from '@sluice/pipelines/protocol/api';
import type { Database } from '../store/database.ts';
import { listLooks, type EnvironmentLook } from '../store/drift-store.ts';
import { findEnvironment, listEnvironments, type StoredEnvironment } from '../store/environment-store.ts';
import { listReleases } from '../store/release-store.ts';
import { listOpenRollouts } from '../store/rollout-store.ts';
import { clusterViews } from './cluster-views.ts';
import { releaseView } from './release-view.ts';

const historyLength = 50;

/** `now`: milliseconds since the epoch. */
export async function environmentViews(db: Database, now: number): Promise<readonly EnvironmentView[]> {
  const [environments, looks] = await Promise.all([listEnvironments(db), listLooks(db)]);
  return Promise.all(
    environments.map(async (environment) => ({
      ...(await environmentView(db, environment, now)),
      drift: driftView(looks.get(environment.name)),
    })),
  );
}

export const freezeView = (rules: FreezeRules, now: number): FreezeView => ({
  rules,
  now: freezeAt(rules, now),
  next: nextFreeze(rules, now),
});

function driftView(look: EnvironmentLook | undefined): DriftView | null {
  if (look === undefined) return null;
  const { looked_at: lookedAt, problem, drift } = look;
  return { lookedAt, problem, since: drift?.since ?? null, differences: drift?.differences ?? [] };
}

async function environmentView(
  db: Database,
  { name, target, freeze }: StoredEnvironment,
  now: number,
): Promise<EnvironmentView> {
  const [releases, open] = await Promise.all([
    listReleases(db, name, historyLength),
    listOpenRollouts(db, name),
  ]);
  const history = releases.map(releaseView);
  const activeRollout = open.find((rollout) => rollout.status === 'active')?.id ?? null;
  const clusters = await clusterViews(db, { name, target }, activeRollout);
  return {
    name,
    target,
    current: history.find((release) => release.outcome === 'succeeded') ?? null,
    history,
    activeRollout,
    ...(clusters === null ? {} : { clusters }),
    freeze: freezeView(freeze ?? noFreeze, now),
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
