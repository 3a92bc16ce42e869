import type { RolloutView } from '@sluice/pipelines/protocol/api';
import type { Database } from '../store/database.ts';
import { listDecisions } from '../store/decision-store.ts';
import { findRollout, listEvidence } from '../store/rollout-store.ts';
import { clusterRolloutViews } from './cluster-views.ts';
import { rolloutHistory } from './rollout-history.ts';

/** A rollout with its decisions and evidence; null when there is no such rollout. */
export async function rolloutView(db: Database, rolloutId: string): Promise<RolloutView | null> {
  const rollout = await findRollout(db, rolloutId);
  if (rollout === undefined) return null;
  const [decisions, evidence] = await Promise.all([
    listDecisions(db, rolloutId),
    listEvidence(db, rolloutId),
  ]);
  return {
    id: rollout.id,
    runId: rollout.run_id,
    stage: rollout.stage,
    revision: rollout.revision,
    rollout: rollout.state,
    decisions,
    history: rolloutHistory(evidence),
    ...(rollout.state.fleet === undefined ? {} : { clusters: await clusterRolloutViews(db, rollout) }),
    ...(rollout.parent_id === null ? {} : { leader: rollout.parent_id }),
  };
}
