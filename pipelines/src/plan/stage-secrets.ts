// Which secrets a stage names, and their values in the places of the names.
import type { EnvValue, StageWork } from '../language/definition.ts';

/** A secret of this name holds the registries' log-ins: a line each, `host username password`. */
export const registriesSecret = 'SLUICE_REGISTRIES';

type Env = Readonly<Record<string, EnvValue>>;

/** Name → plain value. */
export type Secrets = Readonly<Record<string, string>>;

/** Names of the secrets that a stage uses anywhere, each once. */
export function secretNamesOf(env: Env, work: StageWork): readonly string[] {
  const layers: Env[] = [env];
  if (work.kind === 'steps') {
    layers.push(...work.steps.map(({ env }) => env), ...work.services.map(({ env }) => env));
  }
  if (work.kind === 'deploy' && work.container !== null) layers.push(work.container.env);
  const names = layers.flatMap((layer) =>
    Object.values(layer).flatMap((value) => (value.kind === 'secret' ? [value.secret] : [])),
  );
  if (work.kind === 'build') names.push(...(work.secrets ?? []));
  if (work.kind === 'push' && work.sign !== undefined) names.push(work.sign);
  return [...new Set(names)];
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
