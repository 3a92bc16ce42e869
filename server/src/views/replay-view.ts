import type { DeployWork } from '@sluice/pipelines/language/definition';
import type { DecisionView, ReplayView } from '@sluice/pipelines/protocol/api';
import { changeSettings } from '@sluice/pipelines/rollout/changed-settings';
import { compareDecisions } from '@sluice/pipelines/rollout/compare-decisions';
import { judgeVersion } from '@sluice/pipelines/rollout/judge';
import { replayWith } from '@sluice/pipelines/rollout/replay';
import type { Decision } from '@sluice/pipelines/rollout/rollout-state';
import type { Database } from '../store/database.ts';
import { listDecisions } from '../store/decision-store.ts';
import { hashDecision } from '../store/hash-decision.ts';
import { findRollout, listEvidence } from '../store/rollout-store.ts';

/** Makes every decision of a rollout again, with the settings of `work` where given; null: there is no such rollout. */
export async function replayView(
  db: Database,
  rolloutId: string,
  work?: DeployWork,
): Promise<ReplayView | null> {
  const stored = await findRollout(db, rolloutId);
  if (stored === undefined) return null;
  const [views, evidence] = await Promise.all([listDecisions(db, rolloutId), listEvidence(db, rolloutId)]);
  const { state } = stored;
  const changed =
    work === undefined ? { spec: state.spec, changes: [], notes: [] } : changeSettings(state.spec, work);
  const events = evidence.map(({ event }) => event);
  const replay = replayWith(state.spec, changed.spec, events, state.startedAt);
  const decisions = compareDecisions(views.map(plainDecision), replay.decisions);
  return {
    rolloutId,
    version: state.spec.version,
    isSame: decisions.every(({ isSame }) => isSame),
    brokenChainAt: brokenChainAt(views),
    judges: { recorded: [...new Set(views.map(({ judge }) => judge))], replayed: judgeVersion },
    decisions,
    changes: changed.changes,
    notes: changed.notes,
    ends: { recorded: state.phase.name, replayed: replay.rollout.phase.name },
    parted: replay.parted,
  };
}

function plainDecision({ hash: _hash, previousHash: _previous, ...decision }: DecisionView): Decision {
  return decision;
}

function brokenChainAt(views: readonly DecisionView[]): number | null {
  const index = views.findIndex((view, place) => {
    const before = views[place - 1]?.hash ?? null;
    return view.previousHash !== before || view.hash !== hashDecision(plainDecision(view), before);
  });
  return index === -1 ? null : index + 1;
}
