import type Docker from 'dockerode';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ImageRepository } from '../registry/image-reference.ts';
import type { RegistryCredentials } from '../registry/registry-authorisation.ts';
import { createRegistryClient } from '../registry/registry-client.ts';
import type { RegistryProblem } from '../registry/registry-problem.ts';

/**
 * Asks the registry what it now holds under the tag. A registry that only the engine reaches is asked through the
 * engine. The value says who asked.
 */
export async function verifyDigest(
  docker: Docker,
  pushed: { readonly repository: ImageRepository; readonly tag: string; readonly digest: string },
  credentials: RegistryCredentials | null,
  signal: AbortSignal,
): Promise<Result<'worker' | 'engine', RegistryProblem>> {
  const { repository, tag, digest } = pushed;
  const client = createRegistryClient(repository.registry, credentials);
  const manifest = await client.readManifest(repository, tag, signal);
  if (manifest.ok)
    return manifest.value.digest === digest ? ok('worker') : err(moved(pushed, manifest.value.digest));
  if (manifest.error.reason !== 'unreachable') return manifest;
  const seen = await askThroughEngine(docker, `${repository.name}:${tag}`, credentials, signal);
  if (seen === null) return manifest;
  return seen === digest ? ok('engine') : err(moved(pushed, seen));
}

function moved(
  {
    repository,
    tag,
    digest,
  }: { readonly repository: ImageRepository; readonly tag: string; readonly digest: string },
  found: string,
): RegistryProblem {
  return {
    reason: 'unexpected',
    message: `pushed ${digest} as ${repository.name}:${tag}, and the registry now holds ${found} there: someone else pushes the same tag. Give every run a tag of its own, or run one at a time.`,
  };
}

async function askThroughEngine(
  docker: Docker,
  reference: string,
  credentials: RegistryCredentials | null,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const answer = await docker.getImage(reference).distribution({
      authconfig: {
        username: credentials?.username ?? '',
        password: credentials?.password ?? '',
        serveraddress: reference.split('/')[0] ?? '',
      },
      abortSignal: signal,
    });
    return answer.Descriptor.digest;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
