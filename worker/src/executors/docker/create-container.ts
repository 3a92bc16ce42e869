import type Docker from 'dockerode';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { WorkspaceSpec } from '../executor.ts';
import { engineStatus, messageOf } from './engine-error.ts';
import { ensureImage } from './pull-image.ts';

type Options = Docker.ContainerCreateOptions & { readonly Image: string };

/**
 * Creates a container, pulling its image only where it is missing: looking for it first would cost the usual case a
 * round trip. The error is a sentence about the image.
 */
export async function createContainer(
  docker: Docker,
  options: Options,
  { registryCredentials, onProgress }: Pick<WorkspaceSpec, 'registryCredentials' | 'onProgress'>,
  signal: AbortSignal,
): Promise<Result<Docker.Container, string>> {
  const present = await docker.createContainer(options).catch(unlessImageIsMissing);
  if (present !== null) return ok(present);
  const available = await ensureImage(docker, options.Image, registryCredentials, onProgress, signal);
  return available.ok ? ok(await docker.createContainer(options)) : err(available.error);
}

function unlessImageIsMissing(error: unknown): null {
  const status = engineStatus(error);
  const isMissing = status === 404 && /no such image|manifest unknown/i.test(messageOf(error));
  if (isMissing || (status === 400 && /reference format/i.test(messageOf(error)))) return null;
  throw error;
}
