// Caches, as workers find and save them. Who may read whose is decided by `trustScope`.
import { trustScope } from '@sluice/pipelines/plan/trust-scope';
import type { CacheAnswer, CacheQuery, CacheReport, CacheSaved } from '@sluice/pipelines/protocol/kept-files';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import { cachesEvicted } from '../orchestrator/metrics.ts';
import { inUnit } from '../orchestrator/unit.ts';
import { findAttempt } from '../store/attempt-store.ts';
import {
  evictCaches,
  findCache,
  findExactCache,
  findNewestCache,
  insertCache,
  touchCache,
  type CachePlace,
  type CacheRow,
} from '../store/cache-store.ts';
import { holdContent } from '../store/content-store.ts';
import { findRun, type Run } from '../store/run-store.ts';
import { checkFence, type FenceProblem } from './attempt-fence.ts';
import { noContent, type NoContent } from './record-artifact.ts';

/** The cache of the key, else the newest with one of the beginnings, in their order. */
export async function lookUpCache(
  context: ServerContext,
  attemptId: string,
  { fence, kind, key, restore }: CacheQuery,
): Promise<Result<CacheAnswer, FenceProblem>> {
  const run = await runOf(context, attemptId, fence);
  if (!run.ok) return run;
  const place = placeOf(run.value, kind);
  const exact = await findExactCache(context.db, place, key);
  if (exact !== undefined) return ok(await answer(context, 'exact', exact));
  for (const prefix of restore) {
    const newest = await findNewestCache(context.db, place, prefix);
    if (newest !== undefined) return ok(await answer(context, 'prefix', newest));
  }
  return ok({ found: 'none' });
}

/** A cache that an attempt may read. */
export async function readableCache(
  context: ServerContext,
  attemptId: string,
  cacheId: string,
): Promise<CacheRow | null> {
  const [attempt, cache] = await Promise.all([
    findAttempt(context.db, attemptId),
    findCache(context.db, cacheId),
  ]);
  const run = attempt === undefined ? null : await findRun(context.db, attempt.run_id);
  if (run === null || cache === undefined) return null;
  const { repositoryId, scopes } = placeOf(run, cache.kind);
  return cache.repository_id === repositoryId && scopes.includes(cache.scope) ? cache : null;
}

/** Names content that the worker has just uploaded. The first one to save a key wins, for good. */
export async function saveCache(
  context: ServerContext,
  attemptId: string,
  { fence, kind, key, sha256 }: CacheReport,
): Promise<Result<CacheSaved, FenceProblem | NoContent>> {
  const found = await runOf(context, attemptId, fence);
  if (!found.ok) return found;
  const run = found.value;
  return inUnit(context, async ({ trx, at, newId }) => {
    const content = await holdContent(trx, sha256);
    if (content === null) return err(noContent(sha256));
    const { bytes } = content;
    if (bytes > context.cacheLimitBytes) return ok({ result: 'too-large' });
    const { project, repositoryId: repository_id } = run;
    const { write: scope } = trustScope(run.trigger);
    const times = { created_at: at, last_used_at: at };
    const cache = { id: newId(), project, repository_id, scope, kind, key, sha256, bytes, run_id: run.id };
    if (!(await insertCache(trx, { ...cache, ...times }))) return ok({ result: 'exists' });
    cachesEvicted.inc({ reason: 'project-limit' }, await evictCaches(trx, project, context.cacheLimitBytes));
    return ok({ result: 'saved' });
  });
}

async function runOf(
  { db }: ServerContext,
  attemptId: string,
  fence: number,
): Promise<Result<Run, FenceProblem>> {
  const held = checkFence(attemptId, await findAttempt(db, attemptId), fence);
  if (!held.ok) return held;
  const run = await findRun(db, held.value.run_id);
  if (run === null) throw new Error(`attempt ${attemptId} has no run`);
  return ok(run);
}

const placeOf = ({ repositoryId, trigger }: Run, kind: string): CachePlace => ({
  repositoryId,
  scopes: trustScope(trigger).read,
  kind,
});

async function answer(
  { db, now }: ServerContext,
  found: 'exact' | 'prefix',
  { id, key, sha256, bytes }: CacheRow,
): Promise<CacheAnswer> {
  await touchCache(db, id, now());
  return { found, id, key, sha256, bytes };
}
