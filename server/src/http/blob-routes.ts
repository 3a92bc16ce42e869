import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { saveBlob, type SaveProblem } from '../ingest/save-blob.ts';
import type { ServerContext } from '../context.ts';
import { findAttempt } from '../store/attempt-store.ts';
import { findBlob } from '../store/blob-store.ts';
import { foundOr404, uuidParameter } from './path-parameter.ts';
import { ProblemError } from './problem.ts';
import { sendContent } from './send-content.ts';

/** Workers put the files that outlive an attempt, and get those of the same run. */
export function workerBlobRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.put('/attempts/:id/blobs/:name', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const name = blobName.safeParse(request.params.name);
    if (!name.success) throw new ProblemError(400, 'bad-blob-name', `The name of a file is ${nameRule}.`);
    const fence = z.coerce.number().int().safeParse(request.get('x-sluice-fence'));
    if (!fence.success)
      throw new ProblemError(400, 'no-fence', 'The header x-sluice-fence must hold the fence.');
    const saved = await saveBlob(context, { attemptId, name: name.data, fence: fence.data, body: request });
    if (!saved.ok)
      throw new ProblemError(statusOf[saved.error.reason], saved.error.reason, saved.error.message);
    response.json(saved.value);
  });
  router.get('/attempts/:id/blobs/:name', (request, response) => sendBlob(context, request, response));
  return router;
}

/** People get them too. */
export function blobRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.get('/attempts/:id/blobs/:name', (request, response) => sendBlob(context, request, response));
  return router;
}

const nameRule = 'up to 200 letters, digits, dots, dashes and underscores, and does not begin with a dot';
const blobName = z.string().regex(/^[\w-][\w.-]{0,199}$/);

const statusOf = {
  'unknown-attempt': 404,
  'stale-fence': 409,
  'too-large': 413,
} satisfies Record<SaveProblem['reason'], number>;

async function sendBlob(
  context: ServerContext,
  request: Request<{ id: string; name: string }>,
  response: Response,
): Promise<void> {
  const attemptId = uuidParameter(request.params.id, 'attempt');
  foundOr404(await findAttempt(context.db, attemptId), 'attempt');
  const blob = foundOr404(await findBlob(context.db, attemptId, request.params.name), 'file');
  await sendContent(context.blobs, response, {
    sha256: blob.sha256,
    bytes: blob.bytes,
    fileName: blob.name,
    type: blob.name.endsWith('.json') ? 'application/json' : 'application/octet-stream',
  });
}
