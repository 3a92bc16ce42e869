import type Docker from 'dockerode';
import { z } from 'zod';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { RegistryLogin } from '../executor.ts';
import { engineStatus, messageOf } from './engine-error.ts';

/**
 * Makes sure that the engine has the image: the local one if there is one, else from its registry. The error is a
 * sentence for the author of the pipeline. Rejects when the engine itself does not answer, or on abort.
 */
export async function ensureImage(
  docker: Docker,
  image: string,
  logins: readonly RegistryLogin[],
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<Result<void, string>> {
  if (await isPresent(docker, image)) return ok(undefined);
  onProgress(`pulling ${image}`);
  const problem = await pull(docker, image, loginFor(image, logins), onProgress, signal);
  signal.throwIfAborted();
  if (problem === null) return ok(undefined);
  return err(
    `Image "${image}" is not on the worker's engine and could not be pulled: ${problem}. ` +
      'Check its name, that the registry can be reached from the worker, and its credentials.',
  );
}

async function isPresent(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (engineStatus(error) === 404 || engineStatus(error) === 400) return false;
    throw error;
  }
}

/** Null, or why not. */
async function pull(
  docker: Docker,
  image: string,
  login: RegistryLogin | null,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const authconfig = login && {
      username: login.username,
      password: login.password,
      serveraddress: login.host,
    };
    const events = await docker.pull(withTag(image), {
      ...(authconfig && { authconfig }),
      abortSignal: signal,
    });
    return await follow(docker, events, onProgress);
  } catch (error) {
    if (engineStatus(error) === null && !signal.aborted) throw error;
    return messageOf(error);
  }
}

const pullEvent = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
});

/** Only what begins and ends is worth a line; bytes of layers are not. */
const worthALine = /^(Pull complete|Already exists|Digest:|Status:)/;

function follow(
  docker: Docker,
  events: NodeJS.ReadableStream,
  onProgress: (line: string) => void,
): Promise<string | null> {
  let problem: string | null = null;
  return new Promise((resolve) => {
    docker.modem.followProgress(
      events,
      (error: Error | null) => resolve(problem ?? error?.message ?? null),
      (raw: unknown) => {
        const event = pullEvent.safeParse(raw).data;
        if (event?.error !== undefined) problem = event.error;
        const status = event?.status ?? '';
        if (worthALine.test(status)) onProgress(event?.id === undefined ? status : `${event.id}: ${status}`);
      },
    );
  });
}

/** Without a tag the engine would pull every tag of the repository. */
function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return name.includes(':') || name.includes('@') ? image : `${image}:latest`;
}

function loginFor(image: string, logins: readonly RegistryLogin[]): RegistryLogin | null {
  return logins.find((login) => login.host === registryHost(image)) ?? null;
}

/** `docker.io` where the name's first part is no host. */
export function registryHost(image: string): string {
  const first = image.split('/')[0] ?? '';
  const isHost = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? first : 'docker.io';
}
