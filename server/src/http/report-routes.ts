import { stageReports } from '@sluice/pipelines/reports/test-report';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { takeReports } from '../ingest/take-reports.ts';
import { reportsView } from '../views/reports-view.ts';
import { foundOr404, uuidParameter } from './path-parameter.ts';
import { parseBody, ProblemError } from './problem.ts';

const body = z.object({ fence: z.number().int().min(1), reports: stageReports });

/** Workers say what test tools said. Behind the worker token and a JSON parser. */
export function workerReportRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.post('/attempts/:id/reports', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    const { fence, reports } = parseBody(body, request);
    const taken = await takeReports(context, attemptId, fence, reports);
    if (!taken.ok) {
      const status = taken.error.reason === 'unknown-attempt' ? 404 : 409;
      throw new ProblemError(status, taken.error.reason, taken.error.message);
    }
    response.json({});
  });
  return router;
}

/** People read it. */
export function reportRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.get('/attempts/:id/reports', async (request, response) => {
    const attemptId = uuidParameter(request.params.id, 'attempt');
    response.json(foundOr404(await reportsView(context.db, attemptId, context.now()), 'report'));
  });
  return router;
}
