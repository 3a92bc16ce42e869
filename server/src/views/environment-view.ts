import type { EnvironmentView, ReleaseView } from '@sluice/pipelines/protocol/api';
import type { EnvironmentConfig } from '@sluice/pipelines/protocol/environment';
import type { Database } from '../store/database.ts';
import { listEnvironments } from '../store/environment-store.ts';
import { listReleases, type Release } from '../store/release-store.ts';
import { listOpenRollouts } from '../store/rollout-store.ts';

const historyLength = 50;

export async function environmentViews(db: Database): Promise<readonly EnvironmentView[]> {
  const environments = await listEnvironments(db);
  return Promise.all(environments.map((environment) => environmentView(db, environment)));
}

async function environmentView(db: Database, { name, target }: EnvironmentConfig): Promise<EnvironmentView> {
  const [releases, open] = await Promise.all([
    listReleases(db, name, historyLength),
    listOpenRollouts(db, name),
  ]);
  const history = releases.map(releaseView);
  return {
    name,
    target,
    current: history.find((release) => release.outcome === 'succeeded') ?? null,
    history,
    activeRollout: open.find((rollout) => rollout.status === 'active')?.id ?? null,
  };
}

function releaseView(release: Release): ReleaseView {
  return {
    id: release.id,
    version: release.version,
    image: release.image,
    runId: release.run_id,
    commit: release.commit_sha,
    by: release.by,
    at: release.at,
    outcome: release.outcome,
    reason: release.reason,
  };
}
