// With which credentials a place is looked at.
import type { PlaceTarget } from '@sluice/pipelines/protocol/environment';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import type { Place } from '../store/drift-store.ts';
import { listReleases, type Release } from '../store/release-store.ts';
import { findRun } from '../store/run-store.ts';
import { projectsWithSecret, readSecrets } from '../store/secret-store.ts';

/** Text of the kubeconfig; null: the worker's own. The error says what is to be done. */
export async function lookKubeconfig(
  context: ServerContext,
  place: Place & { readonly target: PlaceTarget },
  release: Release | undefined,
): Promise<Result<string | null, string>> {
  const secret = place.target.kind === 'kubernetes' ? place.target.kubeconfigSecret : null;
  if (secret === null) return ok(null);
  const named = `the secret "${secret}", which holds the kubeconfig of "${place.cluster ?? place.environment}",`;
  const projects = await projectsOf(context, place.environment, secret, release);
  const [project, other] = projects;
  if (other !== undefined) {
    return err(
      `${named} is in several projects (${projects.join(', ')}), and before the first release nobody knows whose it is`,
    );
  }
  const found = project === undefined ? {} : await readSecrets(context, project, [secret]);
  const text = found[secret];
  return text === undefined ? err(`${named} is missing: store it under Settings`) : ok(text);
}

/** The project that releases there; before the first release, those that have such a secret. */
async function projectsOf(
  { db }: ServerContext,
  environment: string,
  secret: string,
  release: Release | undefined,
): Promise<readonly string[]> {
  const [known] = release === undefined ? await listReleases(db, environment, 1) : [release];
  const run = known === undefined ? null : await findRun(db, known.run_id);
  return run === null ? projectsWithSecret(db, secret) : [run.project];
}
