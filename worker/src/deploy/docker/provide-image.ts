import type Docker from 'dockerode';
import type { RegistryCredential } from '@sluice/pipelines/protocol/worker-api';
import { DeployProblem, messageOf } from '../deploy-problem.ts';
import { statusOf } from './service-containers.ts';

/** Makes sure that the engine has the image. True: it was pulled. */
export async function provideImage(
  docker: Docker,
  image: string,
  credentials: readonly RegistryCredential[],
  signal: AbortSignal,
): Promise<boolean> {
  if (await hasImage(docker, image)) return false;
  const host = registryHost(image);
  if (host === null && image.startsWith('sha256:')) {
    throw new DeployProblem(
      'image-not-found',
      `The image ${image} is no longer on this engine and is in no registry: run the build again, or push it first.`,
    );
  }
  const login = credentials.find((credential) => credential.host === (host ?? 'docker.io'));
  await pull(docker, image, login, signal);
  return true;
}

/** Docker's rule: the first part is a host when it has a dot or a colon or is `localhost`. */
export function registryHost(image: string): string | null {
  const first = image.split('/')[0] ?? '';
  const isHost = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? first : null;
}

async function hasImage(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

async function pull(
  docker: Docker,
  image: string,
  login: RegistryCredential | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    const authconfig = login && {
      username: login.username,
      password: login.password,
      serveraddress: login.host,
    };
    const progress = await docker.pull(image, {
      ...(authconfig === undefined ? {} : { authconfig }),
      abortSignal: signal,
    });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw pullProblem(image, error);
  }
}

function pullProblem(image: string, error: unknown): DeployProblem {
  const message = messageOf(error);
  const isMissing = statusOf(error) === 404 || /manifest unknown|not found|does not exist/i.test(message);
  return isMissing
    ? new DeployProblem(
        'image-not-found',
        `The registry has no image ${image}, or this installation may not see it: ${message}. Check the push stage and the registry's credentials.`,
        { cause: error },
      )
    : new DeployProblem(
        'image-pull-failed',
        `Docker cannot pull ${image}: ${message}. Check that the engine reaches the registry.`,
        { retryable: true, cause: error },
      );
}
