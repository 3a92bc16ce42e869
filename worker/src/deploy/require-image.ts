import type { RegistryCredential } from '@sluice/pipelines/protocol/worker-api';
import { parseImageRepository } from '../registry/image-reference.ts';
import { createRegistryClient } from '../registry/registry-client.ts';
import { timeLimit } from '../time-limit.ts';
import { DeployProblem } from './deploy-problem.ts';

const limitMs = 5_000;

/**
 * Rejects where the registry says that it does not have the image, before anything is changed for it. A registry that
 * this worker cannot ask proves nothing: the cluster pulls by itself.
 */
export async function requireImage(
  image: string,
  credentials: readonly RegistryCredential[],
  signal: AbortSignal,
): Promise<void> {
  const [name = '', digest] = image.split('@');
  const repository = parseImageRepository(name.replace(/:[^/:]*$/, ''));
  if (digest === undefined || !repository.ok) return;
  const { registry } = repository.value;
  const login = credentials.find(({ host }) => host === registry) ?? null;
  const client = createRegistryClient(registry, login);
  const found = await client
    .readManifest(repository.value, digest, AbortSignal.any([signal, timeLimit(limitMs)]))
    .catch(() => null);
  if (found === null || found.ok || found.error.reason !== 'not-found') return;
  throw new DeployProblem(
    'image-not-found',
    `The image ${image} is not in its registry any more, so nothing can be started from it: build it again, or choose a release whose image is still there.`,
  );
}
