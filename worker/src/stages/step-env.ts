import { err, ok, type Result } from '@sluice/pipelines/result';
import type { EnvValue } from '@sluice/pipelines/language/definition';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';

/** Environment of a step: what Sluice tells about the run, then the stage's, then the step's own. */
export function stepEnv(
  claim: Claim,
  own: Readonly<Record<string, EnvValue>>,
): Result<Readonly<Record<string, string>>, string> {
  const env = ownEnv(claim, own);
  return env.ok ? ok({ ...runEnv(claim), ...claim.env, ...env.value }) : env;
}

/** Texts and secrets by their names, as a step or a service has them for itself. */
export function ownEnv(
  claim: Claim,
  own: Readonly<Record<string, EnvValue>>,
): Result<Readonly<Record<string, string>>, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    const text = value.kind === 'text' ? value.text : claim.secrets[value.secret];
    if (text === undefined)
      return err(`${name} needs a secret that this stage was not given. Store it, or check its name.`);
    env[name] = text;
  }
  return ok(env);
}

function runEnv(claim: Claim): Record<string, string> {
  return {
    CI: 'true',
    SLUICE: 'true',
    SLUICE_PROJECT: claim.project,
    SLUICE_RUN_ID: claim.runId,
    SLUICE_RUN_NUMBER: String(claim.runNumber),
    SLUICE_STAGE: claim.stage.id,
    SLUICE_ATTEMPT: String(claim.attempt),
    SLUICE_COMMIT: claim.checkout.commit,
    ...gitEnv(claim),
  };
}

/** Git takes nothing of a repository that belongs to somebody else, as a workspace may from inside a container. */
function gitEnv({ stage: { work } }: Claim): Record<string, string> {
  const hasHistory =
    work.kind === 'steps' && typeof work.checkout === 'object' && work.checkout.depth !== null;
  if (!hasHistory) return {};
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
}
