// What outlives an attempt or a run on this machine: archives by their SHA-256, and the caches that name them.
//
//   content/<sha256>        an archive
//   caches/<name>.json      a cache: its key and its archive
//
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { CacheAnswer, CacheSaved, StoredContent } from '@sluice/pipelines/protocol/kept-files';

export interface LocalStore {
  readonly add: (file: string) => Promise<StoredContent>;
  readonly copyOut: (sha256: string, file: string) => Promise<void>;
  readonly findCache: (query: {
    kind: string;
    key: string;
    restore: readonly string[];
  }) => Promise<CacheAnswer>;
  readonly saveCache: (cache: { kind: string; key: string; sha256: string }) => Promise<CacheSaved['result']>;
  /** Removes the oldest caches beyond the limit, and every archive that no cache and nothing of `keep` names. */
  readonly tidy: (keep: ReadonlySet<string>) => Promise<void>;
}

/** Of all caches of one project on this machine. */
const mostCacheBytes = 5 * 1024 ** 3;

/** `folder`: of one project; made where it is missing, for its owner alone. */
export async function openLocalStore(
  folder: string,
  limitBytes = mostCacheBytes,
  now: () => number = Date.now,
): Promise<LocalStore> {
  const [content, caches] = [join(folder, 'content'), join(folder, 'caches')];
  for (const path of [content, caches]) await mkdir(path, { recursive: true, mode: 0o700 });
  return {
    add: async (file) => {
      const hash = createHash('sha256');
      await pipeline(createReadStream(file), hash);
      const sha256 = hash.digest('hex');
      const whole = join(content, `${randomUUID()}.new`);
      await copyFile(file, whole);
      await rename(whole, join(content, sha256));
      return { sha256, bytes: (await stat(file)).size };
    },
    copyOut: (sha256, file) => copyFile(join(content, sha256), file),
    findCache: async ({ kind, key, restore }) => {
      const known = (await readCaches(caches)).filter((each) => each.kind === kind);
      const exact = known.find((each) => each.key === key);
      if (exact !== undefined) return found('exact', exact);
      for (const beginning of restore) {
        const newest = known
          .filter((each) => each.key.startsWith(beginning))
          .toSorted((a, b) => b.savedAt - a.savedAt)[0];
        if (newest !== undefined) return found('prefix', newest);
      }
      return { found: 'none' };
    },
    saveCache: async ({ kind, key, sha256 }) => {
      const { size } = await stat(join(content, sha256));
      if (size > limitBytes) return 'too-large';
      const cache: Cache = { id: randomUUID(), kind, key, sha256, bytes: size, savedAt: now() };
      const name = createHash('sha256').update(`${kind}\0${key}`).digest('hex');
      return await writeFile(join(caches, `${name}.json`), JSON.stringify(cache), {
        flag: 'wx',
        mode: 0o600,
      }).then(
        () => 'saved' as const,
        (error: unknown) => {
          if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'exists' as const;
          throw error;
        },
      );
    },
    tidy: async (keep) => {
      const kept = new Set(keep);
      let bytes = 0;
      for (const cache of (await readCaches(caches)).toSorted((a, b) => b.savedAt - a.savedAt)) {
        bytes += cache.bytes;
        if (bytes <= limitBytes) kept.add(cache.sha256);
        else await rm(join(caches, cache.file), { force: true });
      }
      for (const name of await readdir(content))
        if (!kept.has(name)) await rm(join(content, name), { force: true });
    },
  };
}

const cacheFile = z.object({
  id: z.uuid(),
  kind: z.string(),
  key: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number(),
  savedAt: z.number(),
});
type Cache = z.infer<typeof cacheFile>;

const found = (how: 'exact' | 'prefix', { id, key, sha256, bytes }: Cache): CacheAnswer => ({
  found: how,
  id,
  key,
  sha256,
  bytes,
});

/** One that cannot be read is none. */
async function readCaches(folder: string): Promise<readonly (Cache & { readonly file: string })[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const read = await Promise.all(
    names.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8').catch(() => '');
      const parsed = cacheFile.safeParse(jsonOf(text));
      return parsed.success ? [{ ...parsed.data, file }] : [];
    }),
  );
  return read.flat();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
