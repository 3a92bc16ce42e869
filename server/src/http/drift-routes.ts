import { driftQuestion, driftReport } from '@sluice/pipelines/protocol/drift';
import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { hearDrift, nextDriftLook } from '../orchestrator/watch-drift.ts';
import { parseBody } from './problem.ts';

/** Behind the worker token and a JSON parser. */
export function driftRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.post('/drift/next', async (request, response) => {
    response.json({ look: await nextDriftLook(context, parseBody(driftQuestion, request)) });
  });
  router.post('/drift/:name', async (request, response) => {
    await hearDrift(context, request.params.name, parseBody(driftReport, request));
    response.json({});
  });
  return router;
}
