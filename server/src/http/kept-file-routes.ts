// Artifacts and caches, at the workers' door.
import {
  artifactReport,
  cacheQuery,
  cacheReport,
  largestArchiveBytes,
} from '@sluice/pipelines/protocol/kept-files';
import express, { type Request, type Router } from 'express';
import { z } from 'zod';
import { keepContent } from '../blobs/keep-content.ts';
import type { ServerContext } from '../context.ts';
import { checkFence } from '../ingest/attempt-fence.ts';
import { lookUpCache, readableCache, saveCache } from '../ingest/caches.ts';
import { recordArtifact } from '../ingest/record-artifact.ts';
import { findArtifact } from '../store/artifact-store.ts';
import { findAttempt, type Attempt } from '../store/attempt-store.ts';
import { foundOr404, uuidParameter } from './path-parameter.ts';
import { parseBody, ProblemError } from './problem.ts';
import { sendContent } from './send-content.ts';

/** Streams a body of up to some gigabytes into the blob store; to be mounted before anything that reads bodies. */
export function contentRoute(context: ServerContext): Router {
  const router = express.Router();
  router.put('/attempts/:id/content', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const held = checkFence(attemptId, await findAttempt(context.db, attemptId), fenceOf(request));
    const kept = held.ok ? await keepContent(context, request, largestArchiveBytes) : held;
    if (!kept.ok) throw refusal(kept.error);
    response.json(kept.value);
  });
  return router;
}

export function keptFileRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.post('/attempts/:id/artifacts', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const stored = await recordArtifact(context, attemptId, parseBody(artifactReport, request));
    if (!stored.ok) throw refusal(stored.error);
    response.json(stored.value);
  });

  router.get('/attempts/:id/artifacts/:artifact', async (request, response) => {
    const attempt = await attemptOf(context, request.params.id);
    const id = uuidParameter(request.params.artifact, 'artifact');
    const found = await findArtifact(context.db, id);
    const { sha256, bytes } = foundOr404(found?.run_id === attempt.run_id ? found : null, 'artifact');
    await sendContent(context.blobs, response, { ...archive, sha256: foundOr404(sha256, 'artifact'), bytes });
  });

  router.post('/attempts/:id/caches/find', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const found = await lookUpCache(context, attemptId, parseBody(cacheQuery, request));
    if (!found.ok) throw refusal(found.error);
    response.json(found.value);
  });

  router.get('/attempts/:id/caches/:cache', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const cacheId = uuidParameter(request.params.cache, 'cache');
    const { sha256, bytes } = foundOr404(await readableCache(context, attemptId, cacheId), 'cache');
    await sendContent(context.blobs, response, { ...archive, sha256, bytes });
  });

  router.post('/attempts/:id/caches', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const saved = await saveCache(context, attemptId, parseBody(cacheReport, request));
    if (!saved.ok) throw refusal(saved.error);
    response.json(saved.value);
  });
  return router;
}

const archive = { fileName: 'archive.tar.gz', type: 'application/gzip' };

const attemptOf = async (context: ServerContext, id: string): Promise<Attempt> =>
  foundOr404(await findAttempt(context.db, uuidParameter(id, 'attempt')), 'attempt');

function fenceOf(request: Request): number {
  const fence = z.coerce.number().int().safeParse(request.get('x-sluice-fence'));
  if (!fence.success)
    throw new ProblemError(400, 'no-fence', 'The header x-sluice-fence must hold the fence.');
  return fence.data;
}

const statusOf = {
  'unknown-attempt': 404,
  'stale-fence': 409,
  'no-content': 422,
  'too-large': 413,
} as const;

const refusal = ({ reason, message }: { reason: keyof typeof statusOf; message: string }): ProblemError =>
  new ProblemError(statusOf[reason], reason, message);
