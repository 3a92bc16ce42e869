// Artifacts and caches between workers and the server, part of `/worker/*`. An archive is a gzipped tar.
//
//   PUT  /worker/attempts/:id/content               raw body → { sha256, bytes }; stays while something refers to it,
//                                                   and an hour at least
//   POST /worker/attempts/:id/artifacts             artifactReport → { id }
//   GET  /worker/attempts/:id/artifacts/:artifact   of the same run → raw body
//   POST /worker/attempts/:id/caches/find           cacheQuery → cacheAnswer
//   GET  /worker/attempts/:id/caches/:cache         raw body
//   POST /worker/attempts/:id/caches                cacheReport → cacheSaved
//
// Everything that writes, and the query, carries the header or field of the fence; an old one is refused with 409.
import { z } from 'zod';

/** Of one archive as it is stored; an S3 server copies at most 5 GiB at once. */
export const largestArchiveBytes = 4 * 1024 ** 3;
/** Of all files of one archive together. */
export const largestUnpackedBytes = 16 * 1024 ** 3;
export const mostArchiveFiles = 200_000;
/** Files that an artifact's list names; more are counted and not named. */
export const mostListedFiles = 5_000;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const storedContent = z.object({ sha256, bytes: z.number().int().min(0) });
export type StoredContent = z.infer<typeof storedContent>;

export const artifactFile = z.object({
  path: z.string().max(4_096),
  bytes: z.number().int().min(0),
  kind: z.enum(['file', 'link']),
});
export type ArtifactFile = z.infer<typeof artifactFile>;

export const artifactReport = z.object({
  fence: z.number().int().min(1),
  sha256,
  /** Of all files together. */
  unpackedBytes: z.number().int().min(0),
  fileCount: z.number().int().min(0),
  files: z.array(artifactFile).max(mostListedFiles),
  keepMs: z.number().int().min(1),
});
export type ArtifactReport = z.infer<typeof artifactReport>;
export const artifactStored = z.object({ id: z.uuid() });

/** An artifact that the server gives to an attempt, for its workspace. */
export const claimedArtifact = z.object({
  id: z.uuid(),
  stage: z.string(),
  sha256,
  bytes: z.number().int(),
});
export type ClaimedArtifact = z.infer<typeof claimedArtifact>;

const cacheKey = z.string().min(1).max(1_000);
/** Names what is in an archive: one under the same key with other paths is another cache. */
const cacheKind = sha256;

export const cacheQuery = z.object({
  fence: z.number().int().min(1),
  kind: cacheKind,
  key: cacheKey,
  restore: z.array(cacheKey).max(20),
});
export type CacheQuery = z.infer<typeof cacheQuery>;

export const cacheAnswer = z.discriminatedUnion('found', [
  z.object({ found: z.literal('none') }),
  z.object({
    /** `prefix`: the newest whose key begins with one of `restore`. */
    found: z.enum(['exact', 'prefix']),
    id: z.uuid(),
    key: z.string(),
    sha256,
    bytes: z.number().int(),
  }),
]);
export type CacheAnswer = z.infer<typeof cacheAnswer>;

export const cacheReport = z.object({
  fence: z.number().int().min(1),
  kind: cacheKind,
  key: cacheKey,
  sha256,
});
export type CacheReport = z.infer<typeof cacheReport>;
/** `exists`: somebody saved the key first; theirs stays. `too-large`: the project's caches may not hold so much. */
export const cacheSaved = z.object({ result: z.enum(['saved', 'exists', 'too-large']) });
export type CacheSaved = z.infer<typeof cacheSaved>;
