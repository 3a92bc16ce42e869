import type { Secrets } from '@sluice/pipelines/plan/stage-secrets';
import { err, ok, type Result } from '@sluice/pipelines/result';

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
