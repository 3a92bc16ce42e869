import type { LogPage } from '@sluice/pipelines/protocol/api';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { findAttempt } from '../store/attempt-store.ts';
import { readLogLines } from '../store/log-store.ts';
import { searchLog } from '../views/search-log.ts';
import { foundOr404, uuidParameter } from './path-parameter.ts';
import { releaseHold } from '../shell/holds.ts';
import { parseQuery, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

export const logQuery = z.object({
  /** Number of the first line that is wanted. */
  from: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
});

export const searchQuery = z.object({
  text: z.string().min(1).max(500),
  /** Number of the first line to look at. */
  from: z.coerce.number().int().min(0).default(0),
  most: z.coerce.number().int().min(1).max(10_000).default(1_000),
});

export function logRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.get('/attempts/:id/log', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const { from, limit } = parseQuery(logQuery, request);
    const attempt = foundOr404(await findAttempt(context.db, attemptId), 'attempt');
    const page: LogPage = {
      lines: await readLogLines(context.db, attemptId, from, limit),
      total: attempt.log_lines,
      complete: attempt.finished_at !== null,
    };
    response.json(page);
  });
  router.get('/attempts/:id/log/search', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const search = parseQuery(searchQuery, request);
    foundOr404(await findAttempt(context.db, attemptId), 'attempt');
    response.json(await searchLog(context.db, attemptId, search));
  });

  router.delete('/attempts/:id/hold', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const by = { user: userOf(response), from: request.ip ?? null };
    if (!(await releaseHold(context, attemptId, by)))
      throw new ProblemError(
        404,
        'not-held',
        'Nothing of this attempt is kept for a shell, or not any more.',
      );
    response.status(202).json({});
  });
  return router;
}
