import type { PlannedStage } from '../plan/plan.ts';
import type { RunEvent, StageState } from './run-state.ts';
import type { StageChange } from './transition.ts';

/** One person, one vote: the first one counts. A rejection ends the stage; enough approvals let it pass. */
export function vote(
  stage: PlannedStage,
  before: StageState,
  event: Extract<RunEvent, { readonly kind: 'approval-voted' }>,
): StageChange | null {
  if (before.status !== 'awaiting-approval' || stage.work.kind !== 'approve') return null;
  if (before.votes.some((earlier) => earlier.by === event.vote.by)) return null;
  if (event.vote.at >= before.expiresAt) return null;
  const { attempt, since } = before;
  const { by, verdict, reason, at } = event.vote;
  if (verdict === 'rejected') {
    const message = reason === null ? `rejected by ${by}` : `rejected by ${by}: ${reason}`;
    return { state: failed(attempt, since, at, message), commands: [] };
  }
  const votes = [...before.votes, event.vote];
  if (votes.length < stage.work.approval.count) return { state: { ...before, votes }, commands: [] };
  const people = votes.map((each) => each.by).join(', ');
  return {
    state: {
      status: 'succeeded',
      attempt,
      startedAt: since,
      finishedAt: at,
      outputs: { approved_by: people },
      steps: [],
      reason: `approved by ${people}`,
    },
    commands: [],
  };
}

/** Nobody, or too few, answered in time. */
export function expireApproval(
  before: StageState,
  event: Extract<RunEvent, { readonly kind: 'approval-expired' }>,
): StageChange | null {
  if (before.status !== 'awaiting-approval' || event.at < before.expiresAt) return null;
  const minutes = Math.round((before.expiresAt - before.since) / 60_000);
  const message = `not approved within ${minutes} minutes (${before.votes.length} approved so far): start the run again, or raise approve.within`;
  return { state: failed(before.attempt, before.since, before.expiresAt, message), commands: [] };
}

function failed(attempt: number, startedAt: number, finishedAt: number, message: string): StageState {
  return {
    status: 'failed',
    attempt,
    startedAt,
    finishedAt,
    failure: { class: 'failed', message, exitCode: null },
    steps: [],
    allowed: false,
  };
}
