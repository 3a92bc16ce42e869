import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { StepsWork } from '@sluice/pipelines/language/definition';
import { unpackArchive } from '../archives/unpack-archive.ts';
import type { KeptFilesClient } from '../server-client/kept-files-client.ts';
import { readableBytes } from '../stages/readable-bytes.ts';
import { resolveCache, type ResolvedCache } from './cache-keys.ts';
import { cachedHomeFolders, cachePlace, type CachePlace } from './cache-place.ts';
import { timeLimit } from '../time-limit.ts';

export interface CacheRestoring {
  readonly workspace: string;
  readonly scratch: string;
  readonly keptFiles: KeptFilesClient;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Tries of a store that does not answer end here: a cache saves time, and this is spending it. */
const patienceMs = 120_000;

/**
 * Puts caches where the steps will look for them, and notes what is to be saved when they have succeeded. Nothing that
 * goes wrong here fails the stage: it is said, and the steps begin without.
 */
export async function restoreCaches(restoring: CacheRestoring, work: StepsWork): Promise<void> {
  const rules = work.keeps?.cache ?? [];
  if (rules.length === 0) return;
  const { workspace, scratch, say } = restoring;
  const place = cachePlace(workspace, scratch);
  for (const folder of cachedHomeFolders(work)) await mkdir(join(place.home, folder), { recursive: true });
  const toSave: ResolvedCache[] = [];
  for (const rule of rules) {
    const cache = await resolveCache(workspace, rule);
    if (!cache.ok) {
      say(`cache of ${rule.paths.join(', ')}: ${cache.error} Going on without it.`);
      continue;
    }
    if (!(await restore(restoring, place, cache.value))) toSave.push(cache.value);
  }
  await writeFile(noteOf(scratch), JSON.stringify(toSave), { mode: 0o600 });
}

/** What `restoreCaches` has noted, also in a process that is dead now. */
export async function cachesToSave(scratch: string): Promise<readonly ResolvedCache[]> {
  const text = await readFile(noteOf(scratch), 'utf8').catch(() => '[]');
  return noted.parse(JSON.parse(text));
}

const noteOf = (scratch: string): string => join(scratch, 'caches-to-save.json');

const noted = z.array(
  z.object({
    key: z.string(),
    restore: z.array(z.string()),
    paths: z.array(z.string()),
    kind: z.string(),
  }),
);

/** True when the key itself had a cache: there is nothing to save then. */
async function restore(
  { scratch, keptFiles, say, signal }: CacheRestoring,
  place: CachePlace,
  cache: ResolvedCache,
): Promise<boolean> {
  const begun = Date.now();
  const archive = join(scratch, 'cache.tar.gz');
  const patient = AbortSignal.any([signal, timeLimit(patienceMs)]);
  try {
    const { key, kind, restore: beginnings } = cache;
    const found = await keptFiles.findCache({ key, kind, restore: [...beginnings] }, patient);
    if (found.found === 'none') {
      say(`cache "${key}": nothing yet`);
      return false;
    }
    await keptFiles.download({ kind: 'caches', id: found.id, sha256: found.sha256 }, archive, patient);
    const roots = { 'workspace/': place.workspace, 'home/': place.home };
    const { files } = await unpackArchive(archive, { roots, links: 'any', times: 'kept', signal });
    const took = `${((Date.now() - begun) / 1_000).toFixed(1)} s`;
    const which = found.found === 'exact' ? `cache "${key}"` : `cache "${key}": taken from "${found.key}"`;
    say(`${which}: ${files} files, ${readableBytes(found.bytes)} packed, in ${took}`);
    return found.found === 'exact';
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    say(`cache "${cache.key}" could not be restored: ${why}. Going on without it.`);
    return false;
  } finally {
    await rm(archive, { force: true });
  }
}
