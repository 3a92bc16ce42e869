import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { largestArchiveBytes } from '@sluice/pipelines/protocol/kept-files';
import { findFiles, type FoundFile } from '../archives/find-files.ts';
import { packArchive, type FilesToPack } from '../archives/pack-archive.ts';
import type { ExecutorSession } from '../executors/executor.ts';
import { readableBytes } from '../stages/readable-bytes.ts';
import type { StageContext } from '../stages/stage-runner.ts';
import type { ResolvedCache } from './cache-keys.ts';
import { cachePlace, type CachePlace } from './cache-place.ts';
import { cachesToSave } from './restore-caches.ts';
import { timeLimit } from '../time-limit.ts';

const patienceMs = 120_000;

/**
 * Saves the caches whose key had nothing when the stage began; whoever saves a key first wins. Nothing that goes wrong
 * here fails the stage: it is said.
 */
export async function saveCaches(context: StageContext, session: ExecutorSession): Promise<void> {
  const { workspace, scratch, log, signal } = context;
  const place = cachePlace(workspace, scratch);
  for (const cache of await cachesToSave(scratch)) {
    try {
      log.say(`cache "${cache.key}": ${await save(context, session, place, cache)}`);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      log.say(`cache "${cache.key}" could not be saved: ${why}. The stage is not affected.`);
    }
  }
}

/** What happened, for the log. */
async function save(
  { keptFiles, scratch, signal }: StageContext,
  session: ExecutorSession,
  place: CachePlace,
  { key, kind, paths }: ResolvedCache,
): Promise<string> {
  for (const path of paths) {
    if (path.startsWith('~/')) await session.fetchFromHome?.(path.slice(2));
    else await session.fetchTree(path);
  }
  const parts = await collect(place, paths);
  if (typeof parts === 'string') return `not saved: ${parts}`;
  const archive = join(scratch, 'cache.tar.gz');
  const patient = AbortSignal.any([signal, timeLimit(patienceMs)]);
  try {
    await packArchive(parts, archive, { times: 'kept', signal });
    const { size } = await stat(archive);
    if (size > largestArchiveBytes) {
      return `not saved: packed it has ${readableBytes(size)}, and ${readableBytes(largestArchiveBytes)} are allowed`;
    }
    const { sha256, bytes } = await keptFiles.upload(archive, patient);
    switch (await keptFiles.saveCache({ key, kind, sha256 }, patient)) {
      case 'saved':
        return `saved, ${readableBytes(bytes)} packed`;
      case 'exists':
        return 'saved by another stage meanwhile';
      case 'too-large':
        return `not saved: its ${readableBytes(bytes)} are more than all caches of the project may have`;
    }
  } finally {
    await rm(archive, { force: true });
  }
}

/** The text says why there is nothing to pack. */
async function collect(
  place: CachePlace,
  paths: readonly string[],
): Promise<readonly FilesToPack[] | string> {
  const parts: FilesToPack[] = [];
  for (const isHome of [false, true]) {
    const from = paths
      .filter((path) => path.startsWith('~/') === isHome)
      .map((path) => path.replace(/^~\//, ''));
    const root = isHome ? place.home : place.workspace;
    const found = await findFiles(root, { from, isWanted: () => true, links: 'any', withFolders: true });
    if (!found.ok) return found.error;
    parts.push({ prefix: isHome ? 'home/' : 'workspace/', root, files: found.value });
  }
  const isEmpty = (files: readonly FoundFile[]): boolean => files.every((file) => file.kind === 'folder');
  return parts.every(({ files }) => isEmpty(files)) ? `there is nothing in ${paths.join(', ')}` : parts;
}
