import { orphanLook, standingsQuestion } from '@sluice/pipelines/protocol/orphans';
import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { takeLook, tellStandings } from '../ingest/orphans.ts';
import { parseBody } from './problem.ts';

/** Behind the worker token and a JSON parser. */
export function orphanRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.post('/orphans/standings', async (request, response) => {
    response.json(await tellStandings(context, parseBody(standingsQuestion, request)));
  });
  router.post('/orphans/look', async (request, response) => {
    await takeLook(context, parseBody(orphanLook, request));
    response.json({});
  });
  return router;
}
