import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { listAudit } from '../store/audit-store.ts';
import { pageQuery } from './page-query.ts';
import { parseQuery } from './problem.ts';

export function auditRoutes(context: ServerContext): Router {
  const router = express.Router();
  router.get('/audit', async (request, response) => {
    response.json({ entries: await listAudit(context.db, parseQuery(pageQuery, request)) });
  });
  return router;
}
