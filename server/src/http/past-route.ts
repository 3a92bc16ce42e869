import express, { type Router } from 'express';
import { once } from 'node:events';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { readAttemptPast } from '../ingest/attempt-past.ts';
import { uuidParameter } from './path-parameter.ts';
import { ProblemError } from './problem.ts';

/** A JSON line that says how far the attempt has come, then one for each chunk of its log. */
export function pastRoute(context: ServerContext): Router {
  const router = express.Router();
  router.get('/attempts/:id/past', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const fence = z.coerce.number().int().min(1).safeParse(request.query['fence']).data ?? 0;
    const known = await readAttemptPast(context, attemptId, fence);
    if (!known.ok) {
      const status = known.error.reason === 'unknown-attempt' ? 404 : 409;
      throw new ProblemError(status, known.error.reason, known.error.message);
    }
    response.type('application/x-ndjson');
    response.write(`${JSON.stringify(known.value.past)}\n`);
    for await (const chunk of known.value.chunks()) {
      if (response.destroyed) return;
      if (!response.write(`${JSON.stringify(chunk)}\n`)) {
        await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
    }
    response.end();
  });
  return router;
}
