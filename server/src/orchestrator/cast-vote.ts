import type { ApprovalRule } from '@sluice/pipelines/language/definition';
import type { Vote } from '@sluice/pipelines/protocol/api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { findStage } from '@sluice/pipelines/run/find-stage';
import { mayVote } from '@sluice/pipelines/run/may-vote';
import type { ApprovalVote } from '@sluice/pipelines/run/run-state';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { newestDecisionHash } from '../store/decision-store.ts';
import {
  findRolloutOfStage,
  listClusterRollouts,
  lockRollout,
  type StoredRollout,
} from '../store/rollout-store.ts';
import { isPlanned, lockRun, type PlannedRun, type Run } from '../store/run-store.ts';
import { foldRollout } from './fold-rollout.ts';
import { foldRun } from './fold-run.ts';
import { inUnit, type Unit } from './unit.ts';

export interface VoteProblem {
  readonly reason:
    | 'unknown-stage'
    | 'nothing-to-vote-on'
    | 'stale-evidence'
    | 'other-image'
    | 'too-late'
    | 'may-not-vote'
    | 'already-voted';
  readonly message: string;
}

/**
 * Counts one person's vote on an approve stage, or on the approval that a rollout of the stage waits for. A vote that
 * is refused changes nothing and is audited like one that counts.
 */
export async function castVote(
  context: ServerContext,
  place: { readonly runId: string; readonly stage: string },
  user: string,
  vote: Vote,
): Promise<Result<null, VoteProblem>> {
  return inUnit(context, async (unit): Promise<Result<null, VoteProblem>> => {
    const run = await lockRun(unit.trx, place.runId);
    const result = await tryVote(unit, run, place, user, vote);
    if (!result.ok && run !== null) await auditRefusal(unit, run, { ...place, user, vote }, result.error);
    return result;
  });
}

async function tryVote(
  unit: Unit,
  run: Run | null,
  place: { readonly runId: string; readonly stage: string },
  user: string,
  vote: Vote,
): Promise<Result<null, VoteProblem>> {
  const state = run !== null && isPlanned(run) ? run.content.state.stages[place.stage] : undefined;
  if (run === null || !isPlanned(run) || state === undefined) {
    return err({ reason: 'unknown-stage', message: `there is no stage "${place.stage}" in this run` });
  }
  const counted: ApprovalVote = { by: user, verdict: vote.verdict, reason: vote.reason, at: unit.at };
  if (state.status === 'awaiting-approval') return voteOnStage(unit, run, place.stage, counted);
  if (state.status === 'running') {
    const found = await findRolloutOfStage(unit.trx, { ...place, attempt: state.attempt });
    const rollout = found === undefined ? undefined : await lockRollout(unit.trx, found.id);
    const asking = rollout === undefined ? null : await findAsking(unit, rollout, user, vote);
    if (asking !== null) return voteOnRollouts(unit, run, asking, counted, vote);
  }
  return err({
    reason: 'nothing-to-vote-on',
    message: `stage "${place.stage}" does not wait for an approval now: it is ${state.status}`,
  });
}

async function voteOnStage(
  unit: Unit,
  run: PlannedRun,
  stage: string,
  vote: ApprovalVote,
): Promise<Result<null, VoteProblem>> {
  const work = findStage(run.content.plan, stage)?.work;
  const state = run.content.state.stages[stage];
  if (work?.kind !== 'approve' || state?.status !== 'awaiting-approval') {
    return err({ reason: 'nothing-to-vote-on', message: `stage "${stage}" asks for no approval` });
  }
  if (unit.at >= state.expiresAt) return tooLate(state.expiresAt);
  const allowed = check(work.approval, run, state.votes, vote);
  if (!allowed.ok) return allowed;
  await foldRun(unit, run, [{ kind: 'approval-voted', stage, vote, at: unit.at }]);
  await audit(unit, run, stage, vote, null);
  return ok(null);
}

/** Rollouts that a vote is about, and the newest decision of what the person has looked at. */
interface Asking {
  readonly newest: string | null;
  readonly first: StoredRollout;
  /** Of the other clusters that wait with the first one. */
  readonly others: readonly StoredRollout[];
}

/**
 * What waits for the vote: the rollout; or, where it leads several, the clusters that wait now, as one, by the
 * leader's newest decision; or the one cluster whose newest decision was seen. Null: nothing waits.
 */
async function findAsking(
  unit: Unit,
  rollout: StoredRollout,
  user: string,
  vote: Vote,
): Promise<Asking | null> {
  const newest = await newestDecisionHash(unit.trx, rollout.id);
  if (rollout.state.phase.name === 'awaiting-approval') return { newest, first: rollout, others: [] };
  const asking: StoredRollout[] = [];
  for (const { id, status, phase } of await listClusterRollouts(unit.trx, rollout.id)) {
    if (status !== 'active' || phase !== 'awaiting-approval') continue;
    const led = await lockRollout(unit.trx, id);
    if (led === undefined) continue;
    const hash = await newestDecisionHash(unit.trx, id);
    if (vote.decisionHash !== null && vote.decisionHash === hash) {
      return { newest: hash, first: led, others: [] };
    }
    asking.push(led);
  }
  const isNew = ({ state }: StoredRollout): boolean => state.votes.every(({ by }) => by !== user);
  const [first, ...others] = asking.some(isNew) ? asking.filter(isNew) : asking;
  return first === undefined ? null : { newest, first, others };
}

async function voteOnRollouts(
  unit: Unit,
  run: PlannedRun,
  { newest, first, others }: Asking,
  vote: ApprovalVote,
  { decisionHash: seenHash, image = null }: Vote,
): Promise<Result<null, VoteProblem>> {
  const rollout = first;
  const { phase, spec } = rollout.state;
  if (phase.name === 'awaiting-approval' && unit.at >= phase.expiresAt) return tooLate(phase.expiresAt);
  if (image !== null && image !== spec.image) {
    const message = `you have seen the image ${image}, and what is rolled out is ${spec.image}: look at the rollout again`;
    return err({ reason: 'other-image', message });
  }
  if (seenHash !== newest) {
    return err({
      reason: 'stale-evidence',
      message:
        'there is newer evidence than what you have seen: look at the rollout again, then vote with its newest decision hash',
    });
  }
  const step = spec.work.steps[rollout.state.step];
  if (step?.kind !== 'approve') {
    return err({ reason: 'nothing-to-vote-on', message: 'this step of the rollout asks for no approval' });
  }
  const allowed = check(step.approval, run, rollout.state.votes, vote);
  if (!allowed.ok) return allowed;
  for (const stored of [first, ...others]) {
    await foldRollout(unit, { run, stored }, [{ kind: 'voted', vote, at: unit.at }]);
  }
  await audit(unit, run, rollout.stage, vote, newest, spec.image);
  return ok(null);
}

function check(
  rule: ApprovalRule,
  run: PlannedRun,
  earlier: readonly ApprovalVote[],
  vote: ApprovalVote,
): Result<null, VoteProblem> {
  const authors = [
    run.trigger.commit.author,
    run.trigger.actor,
    ...(run.rerun === null ? [] : [run.rerun.by]),
  ];
  // Everyone who may come in is an administrator today.
  const allowed = mayVote(rule, { name: vote.by, roles: ['admin'] }, authors);
  if (!allowed.ok) return err({ reason: 'may-not-vote', message: allowed.error });
  if (earlier.some((other) => other.by === vote.by)) {
    return err({ reason: 'already-voted', message: `${vote.by} has voted already: one person has one vote` });
  }
  return ok(null);
}

async function audit(
  unit: Unit,
  run: PlannedRun,
  stage: string,
  vote: ApprovalVote,
  decisionHash: string | null,
  image: string | null = null,
): Promise<void> {
  await recordAudit(unit.trx, {
    who: vote.by,
    what: `stage-${vote.verdict}`,
    target: `${run.id}/${stage}`,
    detail: { run: run.number, reason: vote.reason, decisionHash, image },
    at: unit.at,
  });
}

async function auditRefusal(
  unit: Unit,
  run: Run,
  { stage, user, vote }: { readonly stage: string; readonly user: string; readonly vote: Vote },
  { reason: refusal }: VoteProblem,
): Promise<void> {
  const { verdict, decisionHash, image = null } = vote;
  await recordAudit(unit.trx, {
    who: user,
    what: 'vote-refused',
    target: `${run.id}/${stage}`,
    detail: { run: run.number, refusal, verdict, decisionHash, image },
    at: unit.at,
  });
}

const tooLate = (expiredAt: number): Result<never, VoteProblem> =>
  err({
    reason: 'too-late',
    message: `the time for this approval was over at ${new Date(expiredAt).toISOString()}: start the run again`,
  });
