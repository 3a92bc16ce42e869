import type { ReleaseView } from '@sluice/pipelines/protocol/api';
import type { Release } from '../store/release-store.ts';

export function releaseView(release: Release): ReleaseView {
  return {
    id: release.id,
    version: release.version,
    image: release.image,
    runId: release.run_id,
    rolloutId: release.rollout_id,
    commit: release.commit_sha,
    by: release.by,
    at: release.at,
    outcome: release.outcome,
    reason: release.reason,
  };
}
