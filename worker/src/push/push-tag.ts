import type Docker from 'dockerode';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { z } from 'zod';
import { engineMessages, type EngineMessage } from '../build/engine-messages.ts';
import { removeImage } from '../build/image-reaper.ts';
import { refuseEngineLeft } from '../executors/docker/outlast-engine.ts';
import type { RegistryCredentials } from '../registry/registry-authorisation.ts';

export interface TagToPush {
  /** Name of the image on the engine. */
  readonly image: string;
  /** Registry and path. */
  readonly repository: string;
  readonly tag: string;
  readonly credentials: RegistryCredentials | null;
  readonly signal: AbortSignal;
  readonly onMessage: (message: EngineMessage) => Promise<void>;
}

/**
 * Pushes an image under one tag and takes the tag from the engine again. The digest is the engine's word for it; the
 * error is the engine's own. The engine knows a tag once, so pushes of the same one go one after the other.
 */
export function pushTag(docker: Docker, wanted: TagToPush): Promise<Result<string, string>> {
  const reference = `${wanted.repository}:${wanted.tag}`;
  return oneAtATime(reference, async () => {
    wanted.signal.throwIfAborted();
    await docker.getImage(wanted.image).tag({ repo: wanted.repository, tag: wanted.tag });
    try {
      return await push(docker.getImage(reference), wanted);
    } finally {
      await removeImage(docker, reference);
    }
  });
}

async function push(image: Docker.Image, wanted: TagToPush): Promise<Result<string, string>> {
  const stream = await image.push({
    authconfig: {
      username: wanted.credentials?.username ?? '',
      password: wanted.credentials?.password ?? '',
      serveraddress: wanted.repository.split('/')[0] ?? '',
    },
    abortSignal: wanted.signal,
  });
  let digest: string | null = null;
  let error: string | null = null;
  for await (const message of engineMessages(stream)) {
    const pushed = pushedImage.safeParse(message.aux);
    if (pushed.success) digest = pushed.data.Digest;
    if (message.error !== undefined) error = message.error;
    await wanted.onMessage(message);
  }
  refuseEngineLeft(error, wanted.signal);
  if (error !== null) return err(error);
  return digest === null ? err('the push ended without a digest') : ok(digest);
}

const pushedImage = z.object({ Digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) });

const running = new Map<string, Promise<unknown>>();

async function oneAtATime<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = running.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  running.set(key, mine);
  try {
    return await mine;
  } finally {
    if (running.get(key) === mine) running.delete(key);
  }
}
