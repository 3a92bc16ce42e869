// Images of finished runs. A build stage leaves its image on the engine for the later stages of its run; whoever
// ends the run, or cleans a worker, takes it away by its labels.
import type Docker from 'dockerode';
import { engineStatus } from '../executors/docker/engine-error.ts';
import { runImagePrefix } from './image-names.ts';

/** Holds when the build stage built the image, as an ISO time. */
export const builtAtLabel = 'org.opencontainers.image.created';

/** Removes every image that the run has built here. Returns how many. Idempotent; an image in use stays. */
export async function removeRunImages(docker: Docker, installation: string, runId: string): Promise<number> {
  return removeImages(docker, await imagesWith(docker, [`sluice=${installation}`, `sluice.run=${runId}`]));
}

/**
 * Removes images of runs that carry `label` (`sluice=<installation>`, `sluice.worker=<id>`) and were built more than
 * `olderThanMs` before `now` (milliseconds since the epoch). Idempotent; an image in use stays.
 */
export async function removeOldImages(
  docker: Docker,
  label: string,
  olderThanMs: number,
  now: number,
): Promise<number> {
  const images = await imagesWith(docker, [label, 'sluice.run']);
  return removeImages(
    docker,
    images.filter((image) => builtAt(image) < now - olderThanMs),
  );
}

/** The engine's own `Created` is that of the newest layer, which may come from the cache. */
function builtAt(image: Docker.ImageInfo): number {
  const stated = Date.parse(image.Labels?.[builtAtLabel] ?? '');
  return Number.isNaN(stated) ? image.Created * 1_000 : stated;
}

function imagesWith(docker: Docker, label: readonly string[]): Promise<Docker.ImageInfo[]> {
  return docker.listImages({ filters: JSON.stringify({ label }) });
}

async function removeImages(docker: Docker, images: readonly Docker.ImageInfo[]): Promise<number> {
  let removed = 0;
  for (const image of images) {
    const results = await Promise.all(namesToRemove(image).map((name) => removeImage(docker, name)));
    if (results.length > 0 && results.every((result) => result !== 'in-use')) removed += 1;
  }
  return removed;
}

/**
 * Labels are inherited: someone else's image, built on one of ours, carries them too. Ours are those that have our
 * name, and those that have none at all: an earlier attempt's, whose name a later one took.
 */
function namesToRemove(image: Docker.ImageInfo): readonly string[] {
  const names = (image.RepoTags ?? []).filter((name) => name !== '<none>:<none>');
  const digests = (image.RepoDigests ?? []).filter((name) => name !== '<none>@<none>');
  if (names.some((name) => name.startsWith(runImagePrefix))) return names;
  return names.length === 0 && digests.length === 0 ? [image.Id] : [];
}

/** Takes one name from an image, and with the last name the image. */
export async function removeImage(docker: Docker, name: string): Promise<'removed' | 'gone' | 'in-use'> {
  try {
    await docker.getImage(name).remove();
    return 'removed';
  } catch (error) {
    const status = engineStatus(error);
    if (status === 404) return 'gone';
    if (status === 409) return 'in-use';
    throw error;
  }
}
