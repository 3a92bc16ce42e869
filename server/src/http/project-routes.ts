import { projectLimits } from '@sluice/pipelines/protocol/api';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { recordAudit } from '../store/audit-store.ts';
import { listProjects, saveLimits } from '../store/project-store.ts';
import { parseBody, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

const projectName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,48}$/);

/** How projects share the workers. */
export function projectRoutes(context: ServerContext): Router {
  const router = express.Router();

  router.get('/projects', async (_request, response) => {
    response.json({ projects: await listProjects(context.db) });
  });

  router.put('/projects/:project/limits', async (request, response) => {
    const project = projectName.safeParse(request.params.project);
    if (!project.success) {
      const message = 'A project is named with small letters, digits and -, at most 49.';
      throw new ProblemError(400, 'bad-name', message);
    }
    const limits = parseBody(projectLimits, request);
    const [who, at, from] = [userOf(response), context.now(), request.ip ?? null];
    await context.db.transaction().execute(async (trx) => {
      await saveLimits(trx, project.data, limits, { by: who, at });
      const target = project.data;
      await recordAudit(trx, { who, what: 'limits-saved', target, detail: limits, at, from });
    });
    context.news.tell({ kind: 'line' });
    response.json({ project: project.data, ...limits });
  });
  return router;
}
