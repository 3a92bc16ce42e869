import type { PlannedStage } from '@sluice/pipelines/plan/plan';
import { resolveStage } from '@sluice/pipelines/plan/resolve-stage';
import { secretNamesOf } from '@sluice/pipelines/plan/stage-secrets';
import { makeClaim } from '@sluice/pipelines/protocol/make-claim';
import type { Claim, ClaimAnswer, ClaimRequest } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import type { Attempt } from '../store/attempt-store.ts';
import type { PlannedRun } from '../store/run-store.ts';
import { checkoutOf } from './checkout.ts';
import type { Supplies } from './find-supplies.ts';
import { leaseMs } from './lease.ts';
import { attemptsTakenOver, dispatchSeconds } from './metrics.ts';
import type { Decision, HeldAttempt } from './run-change.ts';
import { requireSecrets } from './stage-secrets.ts';
import { doorOfOne, type WorkerDoor } from './worker-door.ts';

const over = { kind: 'refused', reason: 'over' } as const;

/**
 * Gives an attempt to exactly one worker and raises its fence. A stage that cannot be given out (a missing
 * secret, a template without a value) ends as failed with the reason, and the claim is refused as over.
 */
export async function claimAttempt(
  context: ServerContext,
  request: ClaimRequest,
  { change, findSupplies, noteRun }: WorkerDoor = doorOfOne(context),
): Promise<ClaimAnswer> {
  // Read before the run is locked: a plan never changes.
  const supplies = await findSupplies(request);
  if (supplies === null) return over;
  const { runId, stage, attempt } = request;
  const answer = await change({
    runId,
    attempt: { runId, stage, attempt },
    decide: (held) => decideClaim(held, request, supplies, context),
  });
  if (answer?.kind === 'claimed') noteRun(answer.claim.attemptId, runId);
  return answer ?? over;
}

/** What this server gives out with every claim. */
type GivenOut = Pick<ServerContext, 'installation' | 'stepLogBytes'>;

function decideClaim(
  { run, attempt, at }: HeldAttempt,
  request: ClaimRequest,
  supplies: Supplies,
  { installation, stepLogBytes }: GivenOut,
): Decision<ClaimAnswer> {
  if (attempt.status === 'held')
    return claimAgain({ run, attempt, at }, request, supplies, { installation, stepLogBytes });
  const stage = run.content.state.stages[request.stage];
  const isOffered = attempt.status === 'queued' && stage?.status === 'running';
  if (isOffered && stage.attempt === request.attempt && attempt.pods !== null)
    return decideTakeOver({ run, attempt, at }, request, supplies, { installation, stepLogBytes });
  if (attempt.status !== 'queued' || stage?.status !== 'queued' || stage.attempt !== request.attempt)
    return { answer: over };
  const place = { stage: request.stage, attempt: request.attempt, at };
  const resolved = resolveForWorker(run, request.stage, supplies);
  if (!resolved.ok) {
    const failure = { class: 'failed', message: resolved.error, exitCode: null } as const;
    const end = { kind: 'stage-finished', ...place, outcome: { result: 'failed', failure } } as const;
    return { answer: over, over: resolved.error, events: [end] };
  }
  const fence = attempt.fence + 1;
  const { workerId } = request;
  const given = { installation, stepLogBytes, attemptId: attempt.id, attempt: attempt.number, fence };
  return {
    answer: { kind: 'claimed', claim: claimOf(run, resolved.value, supplies, given), isTakenOver: false },
    attempt: {
      status: 'held',
      fence,
      worker_id: workerId,
      lease_until: at + leaseMs,
      started_at: at,
      ...carrierOf(resolved.value, request),
    },
    events: [{ kind: 'stage-claimed', ...place, worker: workerId }],
    onStored: () => dispatchSeconds.observe((at - attempt.created_at) / 1_000),
  };
}

/** The answer to a claim may be lost on its way: its worker gets it again, as long as it has reported nothing. */
function claimAgain(
  { run, attempt, at }: HeldAttempt,
  request: ClaimRequest,
  supplies: Supplies,
  { installation, stepLogBytes }: GivenOut,
): Decision<ClaimAnswer> {
  const isTheirs = request.again === true && attempt.worker_id === request.workerId;
  const resolved = resolveForWorker(run, request.stage, supplies);
  if (!isTheirs || attempt.acknowledged > 0 || !resolved.ok)
    return { answer: { kind: 'refused', reason: 'held' } };
  const fence = attempt.fence + 1;
  const given = { installation, stepLogBytes, attemptId: attempt.id, attempt: attempt.number, fence };
  const stage = run.content.state.stages[request.stage];
  const isTakenOver = stage?.status === 'running' && stage.worker !== request.workerId;
  return {
    answer: { kind: 'claimed', claim: claimOf(run, resolved.value, supplies, given), isTakenOver },
    attempt: { fence, lease_until: at + leaseMs },
  };
}

/** Whose pod goes on while its worker is lost: given to a worker of the same cluster and namespace. */
function decideTakeOver(
  { run, attempt, at }: HeldAttempt,
  request: ClaimRequest,
  supplies: Supplies,
  { installation, stepLogBytes }: GivenOut,
): Decision<ClaimAnswer> {
  if (request.pods !== attempt.pods) return { answer: { kind: 'refused', reason: 'not-ready' } };
  const resolved = resolveForWorker(run, request.stage, supplies);
  if (!resolved.ok) {
    const place = { stage: request.stage, attempt: request.attempt, at };
    const failure = { class: 'worker-lost', message: resolved.error, exitCode: null } as const;
    const end = { kind: 'stage-finished', ...place, outcome: { result: 'failed', failure } } as const;
    return { answer: over, over: resolved.error, events: [end] };
  }
  const fence = attempt.fence + 1;
  const given = { installation, stepLogBytes, attemptId: attempt.id, attempt: attempt.number, fence };
  return {
    answer: { kind: 'claimed', claim: claimOf(run, resolved.value, supplies, given), isTakenOver: true },
    attempt: { status: 'held', fence, worker_id: request.workerId, lease_until: at + leaseMs },
    onStored: () => attemptsTakenOver.inc(),
  };
}

/** What carries the attempt out from now on. */
function carrierOf(
  { work }: PlannedStage,
  { executor, pods }: ClaimRequest,
): Pick<Attempt, 'executor' | 'pods'> {
  const isSteps = work.kind === 'steps';
  if (isSteps && work.image === null) return { executor: 'process', pods: null };
  const isPod = isSteps && executor === 'kubernetes' && pods !== undefined;
  return isPod ? { executor, pods } : { executor: 'docker', pods: null };
}

/** The stage as a worker may carry it out, or why it cannot be. */
export function resolveForWorker(
  run: PlannedRun,
  stageId: string,
  supplies: Supplies,
): Result<PlannedStage, string> {
  const { plan, state } = run.content;
  const resolved = resolveStage(plan, state, stageId, { id: run.id, number: run.number });
  if (!resolved.ok) return resolved;
  const { work, env } = resolved.value;
  const secrets = requireSecrets(run.project, secretNamesOf(env, work), supplies.secrets);
  if (!secrets.ok) return secrets;
  if (supplies.repository === null) {
    return err(`repository "${run.repository}" was removed: add it again under Settings`);
  }
  if (work.kind === 'steps' && work.image === null && !supplies.repository.trusted) {
    return err(
      `stage "${stageId}" has no image, so it would run on the worker's own host, which only trusted repositories ` +
        'may do: give it an image, or mark the repository as trusted under Settings',
    );
  }
  const expired = supplies.artifacts.find((artifact) => artifact.sha256 === null);
  if (expired !== undefined) {
    return err(
      `stage "${stageId}" takes the artifacts of "${expired.stage}", which expired at ` +
        `${new Date(expired.expires_at).toISOString()}: run "${expired.stage}" again, or raise its artifacts.keep`,
    );
  }
  return ok(resolved.value);
}

export function claimOf(
  run: PlannedRun,
  stage: PlannedStage,
  supplies: Supplies,
  place: Pick<Claim, 'installation' | 'attemptId' | 'attempt' | 'fence' | 'stepLogBytes'>,
): Claim {
  return makeClaim(
    { ...run, ...run.content },
    stage,
    {
      secrets: supplies.secrets,
      checkout: checkoutOf(run, supplies.repository),
      artifacts: supplies.artifacts.flatMap(({ id, stage: source, sha256, bytes }) =>
        sha256 === null ? [] : [{ id, stage: source, sha256, bytes }],
      ),
    },
    place,
  );
}
