import type { PlannedStage } from '@sluice/pipelines/plan/plan';
import { resolveStage } from '@sluice/pipelines/plan/resolve-stage';
import type { Claim, ClaimAnswer, ClaimRequest } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { findStage } from '@sluice/pipelines/run/find-stage';
import type { ServerContext } from '../context.ts';
import { closeServerLog, sayInLog } from '../ingest/server-log.ts';
import { lockAttemptOf, updateAttempt, type Attempt } from '../store/attempt-store.ts';
import { findRepository, type Repository } from '../store/repository-store.ts';
import { findRun, isPlanned, lockRun, type PlannedRun } from '../store/run-store.ts';
import { readSecrets } from '../store/secret-store.ts';
import { checkoutOf } from './checkout.ts';
import { foldRun } from './fold-run.ts';
import { leaseMs } from './lease.ts';
import { dispatchSeconds } from './metrics.ts';
import {
  registriesSecret,
  registryCredentials,
  requireSecrets,
  resolveEnv,
  secretNamesOf,
} from './stage-secrets.ts';
import { inUnit, type Unit } from './unit.ts';

const over = { kind: 'refused', reason: 'over' } as const;

/**
 * Gives an attempt to exactly one worker and raises its fence. A stage that cannot be given out (a missing
 * secret, a template without a value) ends as failed with the reason, and the claim is refused as over.
 */
export async function claimAttempt(context: ServerContext, request: ClaimRequest): Promise<ClaimAnswer> {
  const supplies = await collectSupplies(context, request);
  if (supplies === null) return over;
  return inUnit(context, async (unit): Promise<ClaimAnswer> => {
    const run = await lockRun(unit.trx, request.runId);
    const attempt = await lockAttemptOf(unit.trx, request);
    if (run === null || !isPlanned(run) || attempt === undefined) return over;
    if (attempt.status === 'held') return { kind: 'refused', reason: 'held' };
    const stage = run.content.state.stages[request.stage];
    if (attempt.status !== 'queued' || stage?.status !== 'queued' || stage.attempt !== request.attempt)
      return over;
    const resolved = resolveForWorker(run, request.stage, supplies);
    if (!resolved.ok) {
      await failUnclaimed(unit, run, attempt, resolved.error);
      return over;
    }
    const fence = attempt.fence + 1;
    await updateAttempt(unit.trx, attempt.id, {
      status: 'held',
      fence,
      worker_id: request.workerId,
      lease_until: unit.at + leaseMs,
      started_at: unit.at,
    });
    dispatchSeconds.observe((unit.at - attempt.created_at) / 1_000);
    const { stage: name, attempt: number, workerId } = request;
    await foldRun(unit, run, [
      { kind: 'stage-claimed', stage: name, attempt: number, worker: workerId, at: unit.at },
    ]);
    const place = { installation: context.installation, attemptId: attempt.id, attempt: number, fence };
    return { kind: 'claimed', claim: claimOf(run, resolved.value, supplies, place) };
  });
}

export interface Supplies {
  readonly repository: Repository | null;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Read before the run is locked: a plan never changes. */
export async function collectSupplies(
  context: ServerContext,
  request: Pick<ClaimRequest, 'runId' | 'stage'>,
): Promise<Supplies | null> {
  const run = await findRun(context.db, request.runId);
  if (run === null || !isPlanned(run)) return null;
  const { plan } = run.content;
  const stage = findStage(plan, request.stage);
  if (stage === undefined) return null;
  const names = secretNamesOf({ ...plan.env, ...stage.env }, stage.work);
  const [repository, secrets] = await Promise.all([
    findRepository(context, run.repositoryId),
    readSecrets(context, run.project, [...names, registriesSecret]),
  ]);
  return { repository, secrets };
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
  return ok(resolved.value);
}

async function failUnclaimed(unit: Unit, run: PlannedRun, attempt: Attempt, message: string): Promise<void> {
  await sayInLog(unit, attempt.id, [message]);
  await closeServerLog(unit, attempt.id, 'over');
  const outcome = { result: 'failed', failure: { class: 'failed', message, exitCode: null } } as const;
  await foldRun(unit, run, [
    { kind: 'stage-finished', stage: attempt.stage, attempt: attempt.number, outcome, at: unit.at },
  ]);
}

export function claimOf(
  run: PlannedRun,
  stage: PlannedStage,
  supplies: Supplies,
  place: Pick<Claim, 'installation' | 'attemptId' | 'attempt' | 'fence'>,
): Claim {
  const names = secretNamesOf(stage.env, stage.work);
  return {
    ...place,
    runId: run.id,
    runNumber: run.number,
    project: run.project,
    stage,
    env: { ...resolveEnv(stage.env, supplies.secrets), ...runVariables(run, stage.id, place.attempt) },
    secrets: Object.fromEntries(names.map((name) => [name, supplies.secrets[name] ?? ''])),
    checkout: checkoutOf(run, supplies.repository),
    outputs: outputsBefore(run, stage.id),
    registryCredentials: registryCredentials(supplies.secrets),
  };
}

function runVariables(run: PlannedRun, stage: string, attempt: number): Record<string, string> {
  const { trigger } = run;
  return {
    CI: 'true',
    SLUICE_RUN_ID: run.id,
    SLUICE_RUN_NUMBER: String(run.number),
    SLUICE_STAGE: stage,
    SLUICE_ATTEMPT: String(attempt),
    SLUICE_COMMIT: trigger.commit.sha,
    SLUICE_BRANCH: trigger.event === 'tag' ? '' : trigger.branch,
    SLUICE_REPOSITORY: run.repository,
  };
}

/** Outputs of the succeeded stages that this one needs, directly or not. */
function outputsBefore(run: PlannedRun, stageId: string): Claim['outputs'] {
  const { plan, state } = run.content;
  const outputs: Record<string, Readonly<Record<string, string>>> = {};
  const seen = new Set<string>([stageId]);
  const open = [stageId];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const { stage } of findStage(plan, id)?.needs ?? []) {
      if (seen.has(stage)) continue;
      seen.add(stage);
      open.push(stage);
      const ended = state.stages[stage];
      if (ended?.status === 'succeeded') outputs[stage] = ended.outputs;
    }
  }
  return outputs;
}
