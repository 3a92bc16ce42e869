// What a worker is given for one attempt, the same whoever gives it: a server, or a run on a person's own machine.
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { resolveStage } from '../plan/resolve-stage.ts';
import { stageState } from '../plan/stage-results.ts';
import { registriesSecret, resolveEnv, secretNamesOf, type Secrets } from '../plan/stage-secrets.ts';
import { outputsBefore } from '../run/outputs-before.ts';
import type { RunState } from '../run/run-state.ts';
import type { Claim, RegistryCredential } from './worker-api.ts';

export interface ClaimedRun {
  readonly id: string;
  readonly number: number;
  readonly project: string;
  readonly repository: string;
  readonly plan: Plan;
  readonly state: RunState;
}

export interface ClaimSupplies extends Pick<Claim, 'checkout' | 'artifacts'> {
  /** All that the stage names, and the registries' log-ins. */
  readonly secrets: Secrets;
}

/** `stage`: with nothing left to fill in. */
export function makeClaim(
  run: ClaimedRun,
  stage: PlannedStage,
  { secrets, checkout, artifacts = [] }: ClaimSupplies,
  place: Pick<Claim, 'installation' | 'attemptId' | 'attempt' | 'fence' | 'stepLogBytes'>,
): Claim {
  const names = secretNamesOf(stage.env, stage.work);
  return {
    ...place,
    runId: run.id,
    runNumber: run.number,
    project: run.project,
    stage,
    env: { ...resolveEnv(stage.env, secrets), ...runVariables(run, stage.id, place.attempt) },
    secrets: Object.fromEntries(names.map((name) => [name, secrets[name] ?? ''])),
    checkout,
    outputs: outputsBefore(run.plan, run.state, stage.id),
    registryCredentials: registryCredentials(secrets),
    artifacts,
    ...(stage.work.kind === 'push' && stage.work.provenance === true && originOf(run, stage.work.of)),
  };
}

function originOf({ id, number, plan, state }: ClaimedRun, of: string): Pick<Claim, 'provenance'> {
  const built = resolveStage(plan, state, of, { id, number });
  if (!built.ok || built.value.work.kind !== 'build') return {};
  const { file, context, target, args, platform = null } = built.value.work;
  const end = stageState(state, of);
  const { trigger } = plan;
  return {
    provenance: {
      repository: trigger.repository,
      ref: trigger.event === 'tag' ? `refs/tags/${trigger.tag}` : `refs/heads/${trigger.branch}`,
      event: trigger.event,
      file: plan.file ?? null,
      pipeline: plan.pipeline,
      stage: of,
      build: { file, context, target, args, platform },
      startedAt: end?.status === 'succeeded' ? end.startedAt : null,
      finishedAt: end?.status === 'succeeded' ? end.finishedAt : null,
    },
  };
}

/** The log-ins that the secret of registries holds; lines that are none are passed over. */
export function registryCredentials(secrets: Secrets): readonly RegistryCredential[] {
  const lines = (secrets[registriesSecret] ?? '').split('\n');
  return lines.flatMap((line) => {
    const [host, username, ...password] = line.trim().split(/\s+/);
    if (host === undefined || username === undefined || password.length === 0) return [];
    return [{ host, username, password: password.join(' ') }];
  });
}

function runVariables(
  { id, number, repository, plan: { trigger } }: ClaimedRun,
  stage: string,
  attempt: number,
): Record<string, string> {
  return {
    CI: 'true',
    SLUICE_RUN_ID: id,
    SLUICE_RUN_NUMBER: String(number),
    SLUICE_STAGE: stage,
    SLUICE_ATTEMPT: String(attempt),
    SLUICE_COMMIT: trigger.commit.sha,
    SLUICE_BRANCH: trigger.event === 'tag' ? '' : trigger.branch,
    SLUICE_REPOSITORY: repository,
  };
}
