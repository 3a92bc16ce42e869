import type { EnvValue, StageWork } from '@sluice/pipelines/language/definition';
import type { RegistryCredential } from '@sluice/pipelines/protocol/worker-api';
import { err, ok, type Result } from '@sluice/pipelines/result';

/** A project secret of this name holds the registries' log-ins: a line each, `host username password`. */
export const registriesSecret = 'SLUICE_REGISTRIES';

type Env = Readonly<Record<string, EnvValue>>;
type Secrets = Readonly<Record<string, string>>;

/** Names of the secrets that a stage uses anywhere. */
export function secretNamesOf(env: Env, work: StageWork): readonly string[] {
  const layers: Env[] = [env];
  if (work.kind === 'steps') {
    layers.push(...work.steps.map(({ env }) => env), ...work.services.map(({ env }) => env));
  }
  if (work.kind === 'deploy' && work.container !== null) layers.push(work.container.env);
  const names = layers.flatMap((layer) =>
    Object.values(layer).flatMap((value) => (value.kind === 'secret' ? [value.secret] : [])),
  );
  return [...new Set(names)];
}

/** The error names what is missing and how to set it. */
export function requireSecrets(
  project: string,
  names: readonly string[],
  secrets: Secrets,
): Result<null, string> {
  const missing = names.filter((name) => !Object.hasOwn(secrets, name));
  if (missing.length === 0) return ok(null);
  const [first] = missing;
  return err(
    `project "${project}" has no secret ${missing.map((name) => `"${name}"`).join(', ')}: set it under Settings, ` +
      `or with PUT /api/secrets/${first} {"value": "…"}, then start the run again`,
  );
}

/** Values in place of references; the secrets must be there. */
export function resolveEnv(env: Env, secrets: Secrets): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value.kind === 'text' ? value.text : (secrets[value.secret] ?? ''),
    ]),
  );
}

export function registryCredentials(secrets: Secrets): readonly RegistryCredential[] {
  const lines = (secrets[registriesSecret] ?? '').split('\n');
  return lines.flatMap((line) => {
    const [host, username, ...password] = line.trim().split(/\s+/);
    if (host === undefined || username === undefined || password.length === 0) return [];
    return [{ host, username, password: password.join(' ') }];
  });
}
